"""A stub of the service for tests of cron's scripts."""

import http.server
import json
import threading

import pytest


class StubService(http.server.ThreadingHTTPServer):
    """Answers from `answers`, a list of (status, headers, body) or "drop" in order, the last again and again."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = []
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.server.requests.append((self.command, self.path, self.headers.get("X-API-Key")))
        reply = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if reply == "drop":
            self.close_connection = True
            return
        status, headers, body = reply
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = StubService()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
