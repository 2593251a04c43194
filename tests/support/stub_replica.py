"""A replica for tests of the proxy alone: answers what the test says and remembers what it was asked."""

import dataclasses
import http.server
import socket
import threading

CACHEABLE = "public, max-age=1, stale-while-revalidate=5, stale-if-error=86400"


@dataclasses.dataclass
class Answer:
    """What the stub says to one request. `wait` is an Event that holds the answer back until it is set."""

    status: int = 200
    body: bytes = b"[]"
    headers: dict = dataclasses.field(default_factory=dict)
    wait: threading.Event = None
    cut: bool = False  # close the connection instead of answering, or behind the last of the chunks
    chunks: tuple = ()  # the body, sent in these


@dataclasses.dataclass
class Seen:
    method: str
    target: str
    headers: list  # (name, value) as they came
    body: bytes

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def names(self):
        return sorted(key.lower() for key, _ in self.headers)


def cacheable(body=b"[1]", etag='"one"', **extra):
    headers = {"Cache-Control": CACHEABLE, "ETag": etag, "Vary": "Accept-Encoding", "Content-Type": "application/json"}
    return Answer(body=body, headers={**headers, **extra})


def uncacheable(status=200, body=b"{}", **extra):
    return Answer(status=status, body=body, headers={"Cache-Control": "no-store", **extra})


class StubReplica:
    """`answer` is an Answer, or a function of Seen that returns one. Restarts on the port it had."""

    def __init__(self, answer=None):
        self.answer = answer or cacheable()
        self.seen = []
        self.connections = set()  # the clients' ports
        self.port = 0
        self._server = None
        self.start()

    def start(self):
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        """As if killed: the port refuses connections and those that are open end."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_all()
            self._server = None

    def answer_to(self, seen):
        self.seen.append(seen)
        return self.answer(seen) if callable(self.answer) else self.answer

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, stub):
        self.stub = stub
        self.open = set()
        super().__init__(address, _Handler)

    def cut_all(self):
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request, client_address):
        """A connection that was cut is no error here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.open.add(self.connection)

    def finish(self):
        self.server.open.discard(self.connection)
        super().finish()

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # The request line's own target: http.server shortens leading slashes in self.path.
        target = self.requestline.split(" ")[1]
        self.server.stub.connections.add(self.client_address[1])
        answer = self.server.stub.answer_to(Seen(self.command, target, self.headers.items(), body))
        if answer.wait:
            answer.wait.wait(20)
        if answer.cut and not answer.chunks:
            return self._cut()
        length = {"Transfer-Encoding": "chunked"} if answer.chunks else {"Content-Length": str(len(answer.body))}
        head = {**length, **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Stub"] + [f"{name}: {value}" for name, value in head.items()]
        content = b"" if answer.chunks or self.command == "HEAD" else answer.body
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        if answer.chunks:
            for chunk in (*answer.chunks, b"")[:-1 if answer.cut else None]:
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            if answer.cut:
                self._cut()

    def _cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer

    def log_message(self, format, *args):
        """Tests look at `seen` instead."""
