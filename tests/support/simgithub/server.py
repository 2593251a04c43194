"""HTTP/1.1: a thread for each connection, kept alive."""

import ipaddress
import socket
import sys
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from .answer import Answer, Body, message
from .app import API_VERSIONS, Request
from .delivery import Delivery

BODY_MAX = 8 * 1024 * 1024
EXPOSED = ("ETag, Link, Location, Retry-After, X-GitHub-OTP, X-RateLimit-Limit, "
           "X-RateLimit-Remaining, X-RateLimit-Used, X-RateLimit-Resource, X-RateLimit-Reset, "
           "X-OAuth-Scopes, X-Accepted-OAuth-Scopes, X-Poll-Interval, X-GitHub-Media-Type, "
           "X-GitHub-Request-Id, Deprecation, Sunset")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, app, control, quiet, control_from_anywhere=False):
        self.app, self.control, self.quiet = app, control, quiet
        self.control_from_anywhere = control_from_anywhere
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    def server_bind(self):
        # HTTPServer's own asks the resolver for this machine's name, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300

    def _any_method(self):
        body = self._body()
        if body is None:
            return
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path.startswith("/_sim/"):
            self._send(self._control(parts.path, params, body))
            return
        app, client = self.server.app, self.client_address[0]
        base_url = app.settings.base_url or f"http://{self.headers.get('Host', 'localhost')}"
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        request = Request(self.command, target, parts.path, parts.query, params,
                          unquote_plus(target), self.headers, client, base_url,
                          app.clock.now())
        entry, active = app.log.begin(request)
        try:
            answer = app.answer(request, entry, active)
            self._send(self._as_github(answer))
        finally:
            app.log.end(entry)
        if not self.server.quiet:
            print(f"{client} {self.command} {self.path} {answer.status} "
                  f"{answer.fault}".rstrip(), file=sys.stderr, flush=True)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _any_method

    def _body(self):
        """The request's body; None if it was refused."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_MAX or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(message(413, "Content-Length is needed, and at most 8 MiB"))
            return None
        return self.rfile.read(int(length))

    def _control(self, path, params, body):
        address = ipaddress.ip_address(self.client_address[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not (self.server.control_from_anywhere or mapped.is_loopback):
            return message(403, "The control API answers to this machine only")
        return self.server.control.answer(self.command, path, params, body)

    def _as_github(self, answer):
        version = self.headers.get("X-GitHub-Api-Version", API_VERSIONS[0])
        answer.headers += [
            ("Date", self.date_time_string()), ("Server", "simulated-github"),
            ("X-Simulated-GitHub", "1"), ("X-GitHub-Media-Type", "github.v3; format=json"),
            ("x-github-api-version-selected", version),
            ("X-GitHub-Request-Id", uuid.uuid4().hex[:16].upper()),
            ("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP"),
            ("Vary", "Accept-Encoding, Accept, X-Requested-With"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", EXPOSED)]
        return answer

    def _send(self, answer):
        gzip = "gzip" in self.headers.get("Accept-Encoding", "").lower()
        delivery = Delivery(self.connection, self.server.app.stopping)
        try:
            goes_on = delivery.write(answer, self.command, gzip, self.close_connection)
        except (ConnectionError, TimeoutError):
            goes_on = False
        if not goes_on:
            self.close_connection = True

    def send_error(self, code, message=None, explain=None):
        """For what BaseHTTPRequestHandler itself refuses: broken HTTP, an unknown method."""
        self.close_connection = True
        if not hasattr(self, "headers"):
            self.headers = {}
        body = Body(f'{{"message":"{self.responses.get(code, ("Bad request",))[0]}"}}')
        self._send(Answer(code, body))

    def log_message(self, format, *arguments):
        pass
