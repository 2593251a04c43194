"""Clients that keep asking while something happens: connections kept open, every answer checked."""

import collections
import http.client
import threading
import time


class Load:
    """Threads that ask for paths in turn through the proxy until stop().

    check(path, status, headers, body) returns what is wrong with an answer, or None. A connection that the server closed
    between two requests is opened anew, as any client would; anything else that fails is a failure.
    """

    def __init__(self, port, paths, check, threads=4):
        self.port, self.paths, self.check = port, list(paths), check
        self.failures = []
        self.answers = collections.Counter()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._done.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def count(self):
        return sum(self.answers.values())

    def _run(self, offset):
        connection, turn = None, offset
        while not self._done.is_set():
            path = self.paths[turn % len(self.paths)]
            turn += 1
            began = time.monotonic()
            try:
                connection, answer, body = self._ask(connection, path)
                wrong = self.check(path, answer.status, answer.headers, body)
                self.answers[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                wrong, connection = repr(error), None
            if wrong:
                self.failures.append((path, wrong, round(time.monotonic() - began, 3)))

    def _ask(self, connection, path):
        fresh = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            connection.close()
            if fresh:
                raise
            return self._ask(None, path)
        body = answer.read()
        if answer.will_close:
            connection.close()
            connection = None
        return connection, answer, body


def exactly(wanted):
    """A check: 200 and the bytes that belong to the path."""
    def check(path, status, headers, body):
        del headers
        if status != 200:
            return f"status {status}: {body[:200]!r}"
        if body != wanted[path]:
            return f"{len(body)} bytes that are not those of this path: {body[:60]!r}"
        return None
    return check
