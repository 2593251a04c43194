"""Renders the proxy's configuration template and runs nginx from a folder of its own, for tests and the benchmark."""

import hashlib
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = PROJECT / "nginx" / "repopulse.conf.template"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def render(values, template=TEMPLATE):
    """The template with exactly the variables that its head names; one that is missing is an error."""
    text = template.read_text()
    names = re.findall(r"^#   ([A-Z_]+)  ", text, re.M)
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    done = subprocess.run(["envsubst", " ".join(f"${{{name}}}" for name in names)], input=text, text=True,
                          env={**os.environ, **values}, stdout=subprocess.PIPE, check=True)
    return done.stdout


def servers(addresses):
    return "\n".join(f"server {address} max_fails=0;" for address in addresses)


class Proxy:
    """nginx before the given replicas ("host:port"). Use it as a context; the folder goes away at the end."""

    def __init__(self, api, control=None, rate=0, exempt=(), change=lambda conf: conf):
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rp-proxy-"))
        self.error_log = self.folder / "error.log"
        self.access_log = self.folder / "access.log"
        shutil.copytree(PROJECT / "nginx" / "site", self.folder / "site")
        self.conf = self.folder / "nginx.conf"
        self.conf.write_text(change(render({
            "NGINX_LISTEN": f"127.0.0.1:{self.port}",
            "NGINX_RUN": str(self.folder),
            "NGINX_SITE": str(self.folder / "site"),
            "NGINX_LOG": str(self.access_log),
            "NGINX_ERROR_LOG": str(self.error_log),
            "UPSTREAM_API": servers(api),
            "UPSTREAM_CONTROL": servers(control or api),
            "RATE_LIMIT_DEFAULT": "1" if rate else "0",
            "RATE_LIMIT_RATE": str(rate or 1),
            "RATE_LIMIT_EXEMPT": "\n".join(f"{network} 0;" for network in exempt),
        })))
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        ordinary = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            ordinary = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        command = ["/usr/sbin/nginx", "-c", self.conf, "-p", self.folder, "-e", self.error_log, "-g", "daemon off;"]
        self._process = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, **ordinary)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("nginx did not start: " + (self.error_log.read_text() if self.error_log.exists() else ""))

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)

    def request(self, target, method="GET", headers=None, body=None):
        """One request on a connection of its own, with exactly this target; the answer with its body in .content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.putrequest(method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None and "Transfer-Encoding" not in (headers or {}):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.content = answer.read()
            return answer
        finally:
            connection.close()

    def raw(self, data, wait=15):
        """What comes back for these bytes until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), wait) as connection:
            connection.sendall(data)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionResetError:
                return received
            return received

    def cached_file(self, target, gzip=False):
        name = hashlib.md5(f"{'gzip' if gzip else ''} {target}".encode()).hexdigest()
        return self.folder / "cache" / name[-1] / name[-3:-1] / name

    def cached_files(self):
        return [path for path in (self.folder / "cache").rglob("*") if path.is_file()]

    def age(self, target, seconds, gzip=False):
        """Makes the cached entry older, as time would: the second word of its file is when it stops being fresh."""
        with open(self.cached_file(target, gzip), "r+b") as file:
            head = struct.unpack("=QQ", file.read(16))
            file.seek(8)
            file.write(struct.pack("=Q", head[1] - seconds))

    def log(self):
        """The access log's entries; nginx writes them within a second."""
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]

    def wait_for_log(self, request_id):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            found = [entry for entry in self.log() if entry["request_id"] == request_id]
            if found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"{request_id} is not in the access log")
