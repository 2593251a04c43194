"""Writes an answer to a connection, also in the ways an answer should not be written."""

import select
import socket
import struct
import time
from http.client import responses

SLICE_SECONDS = 0.05


class Delivery:
    """For one answer on one connection. write() returns whether the connection can go on."""

    def __init__(self, connection, stopping):
        self.connection, self.stopping = connection, stopping

    def write(self, answer, method, gzip, close):
        kind, value = answer.delivery or ("", {})
        if kind == "hang":
            self._hold(value.get("seconds", 600))
            return False
        if kind == "cut_before_headers":
            return self._cut(b"", value)
        if kind == "not_http":
            self.connection.sendall(b"\x16\x03\x01\x02\x00 this is not HTTP \xff\xfe\n" * 40)
            return False
        if answer.stream is not None:
            return self._stream(answer, close)
        body, more = self._encoded(answer, kind, gzip and not answer.encoded)
        if kind == "endless_headers":
            more += [(f"X-Padding-{number}", "x" * 500)
                     for number in range(value.get("count", 2000))]
        chunked = kind == "chunked" and answer.status != 304
        head = _head(answer, more, None if chunked else len(body), close)
        if kind == "cut_in_headers":
            return self._cut(head[:len(head) // 2], value)
        if method == "HEAD" or answer.status == 304:
            body = b""
        if kind == "cut_in_body":
            return self._cut(head + body[:int(len(body) * value.get("fraction", 0.5))], value)
        if kind == "slow":
            return self._trickle(head + body, value.get("bytes_per_second", 1000)) and not close
        self.connection.sendall(head + (_chunks(body) if chunked and body else body))
        return not close

    def _encoded(self, answer, kind, gzip):
        if kind == "gzip_garbage":
            return b"\x1f\x8b\x08\x00" + b"no gzip at all \x00\xff" * 64, [
                ("Content-Encoding", "gzip")]
        if kind == "gzip_truncated":
            packed = answer.body.packed()
            return packed[:len(packed) // 2], [("Content-Encoding", "gzip")]
        if gzip and answer.body.raw and answer.status != 304:
            return answer.body.packed(), [("Content-Encoding", "gzip")]
        return answer.body.raw, []

    def _stream(self, answer, close):
        self.connection.sendall(_head(answer, [], None, close))
        for piece in answer.stream:
            self.connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.connection.sendall(b"0\r\n\r\n")
        return not close

    def _cut(self, data, value):
        """Sends what there is and drops the connection, with a reset if asked for."""
        if data:
            self.connection.sendall(data)
        if value.get("reset"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
        return False

    def _hold(self, seconds):
        """Keeps the connection open and silent until the client has had enough."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], SLICE_SECONDS)
            if readable and not self.connection.recv(65536):
                return

    def _trickle(self, data, bytes_per_second):
        size = max(1, int(bytes_per_second * SLICE_SECONDS))
        pause = max(SLICE_SECONDS, 1 / bytes_per_second) if bytes_per_second > 0 else 1
        for start in range(0, len(data), size):
            if self.stopping.is_set():
                return False
            self.connection.sendall(data[start:start + size])
            time.sleep(pause)
        return True


def _chunks(body):
    parts = [body[start:start + 16_384] for start in range(0, len(body), 16_384)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _head(answer, more, length, close):
    headers = [*answer.headers, *more]
    if answer.status != 304:
        headers.append(("Content-Type", answer.content_type))
        headers.append(("Transfer-Encoding", "chunked") if length is None
                       else ("Content-Length", str(length)))
    if close:
        headers.append(("Connection", "close"))
    reason = responses.get(answer.status, "Unknown")
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
