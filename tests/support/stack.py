"""A whole local stack for tests: started, steered and stopped through stack/repopulse-stack.

    with Stack() as stack:                       # demo: the simulated GitHub, two replicas, nginx, cron
        stack.get("/api/popularity/kubernetes").json()
        stack.stop_part("redis"); ...; stack.start_part("redis")

Parts: database, redis, github (simulated), api-a, api-b, ..., proxy, cron.
Every method that starts something returns when it is ready and raises StackError, with the launcher's own words, when not.
"""

import collections
import dataclasses
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

PROJECT = pathlib.Path(__file__).resolve().parents[2]
LAUNCHER = PROJECT / "stack" / "repopulse-stack"
TEST_PORTS = os.environ.get("TEST_PORTS", "18800-18899")
_given = collections.deque(maxlen=1000)  # by free_port: who has one may not listen yet


class StackError(Exception):
    """The launcher failed; `code` is its exit status and the text is what it printed."""

    def __init__(self, code, output):
        super().__init__(f"exit status {code}:\n{output}")
        self.code = code
        self.output = output


@dataclasses.dataclass(frozen=True)
class Response:
    """One HTTP answer. Header names are in lower case; the body is as sent (gzip stays gzip)."""

    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def request(url, method="GET", headers=None, body=None, timeout=30.0):
    """One request on a connection of its own. Nothing is followed, retried or decoded; a dict body is sent as JSON."""
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target or "/", body=body, headers=headers)
        answer = connection.getresponse()
        return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def wait_until(condition, timeout=30.0, interval=0.05, what="the condition"):
    """Polls until condition() is true and returns its value; AssertionError naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(interval)


def free_port():
    """A loopback port of the range TEST_PORTS that nothing listens on, and that was not given to another just now."""
    first, last = (int(part) for part in TEST_PORTS.split("-"))
    half = (last - first + 1) // 2
    recent = list(_given)[-half:] if half else []
    ports = [port for port in range(first, last + 1) if port not in recent]
    random.shuffle(ports)
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                _given.append(port)
                return port
            except OSError:
                continue
    raise RuntimeError(f"no free port in {TEST_PORTS}")


class Stack:
    """One stack with a RUN_DIR and a PORT of its own. `env` are its settings; .env and the caller's own are not read.

    sim_options: the simulated GitHub's options instead of the demo's, e.g. "--time-scale 0 --seed 7 --no-limits".
    """

    def __init__(self, run_dir=None, port=None, demo=True, env=None, sim_options=None):
        self.scratch = None
        if run_dir is None:
            self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="repopulse-test-"))
            self.scratch.chmod(0o755)  # the servers run as another user when the tests run as root
            run_dir = self.scratch / "run"
        self.run_dir = pathlib.Path(run_dir)
        self.port = port or free_port()
        self.demo = demo
        self.env = dict(env or {})
        if sim_options is not None:
            self.env["SIMULATED_GITHUB_OPTIONS"] = sim_options

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self, timeout=180.0):
        """make up; with demo also the simulated GitHub. Returns self when the first topic answers."""
        self.launcher("up", timeout=timeout)
        return self

    def stop(self, timeout=120.0):
        """make down. Data stays in run_dir, so that start() finds it again."""
        self.launcher("down", timeout=timeout)

    def restart(self):
        self.stop()
        return self.start()

    def destroy(self):
        """Stops the stack and removes what it kept on disk. Never raises: it runs in teardown."""
        try:
            self.stop()
        except (StackError, subprocess.TimeoutExpired) as error:
            print(f"stopping the test stack: {error}")
        shutil.rmtree(self.run_dir.resolve(), ignore_errors=True)
        if self.run_dir.is_symlink():
            self.run_dir.unlink()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.destroy()
            raise

    def __exit__(self, *_):
        self.destroy()

    # --- where things are ---------------------------------------------------------------------------------------------

    @property
    def url(self):
        """The proxy's address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_key(self):
        return self.env.get("ADMIN_KEY") or (self.run_dir / "secrets" / "admin-key").read_text().strip()

    def api_url(self, replica):
        """The own address of a replica (0, 1 ... or "a", "b" ...), past the proxy."""
        return f"http://127.0.0.1:{self.status()['parts'][self.api_name(replica)]['port']}"

    def control_url(self, replica):
        """The address on which a replica takes maintenance requests."""
        return f"http://127.0.0.1:{self.status()['parts'][self.api_name(replica)]['control_port']}"

    @property
    def sim_url(self):
        """The simulated GitHub's address; its control API is under /_sim/."""
        return f"http://127.0.0.1:{self.status()['parts']['github']['port']}"

    @property
    def database_socket(self):
        return self.run_dir.resolve() / "sockets" / "database.sock"

    @property
    def redis_socket(self):
        return self.run_dir.resolve() / "sockets" / "redis.sock"

    def sql(self, statement):
        """Rows (lists of text, NULL as "NULL") of one statement, asked as the service's own database user."""
        password = (self.run_dir / "secrets" / "db-password").read_text().strip()
        done = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.database_socket}", "--user=repopulse", "--database=repopulse",
             "--batch", "--skip-column-names", "--execute", statement],
            env={**os.environ, "MYSQL_PWD": password}, capture_output=True, text=True, timeout=30)
        if done.returncode:
            raise AssertionError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    # --- requests -----------------------------------------------------------------------------------------------------

    def request(self, method, path, headers=None, body=None, timeout=30.0):
        """One request through the proxy; see request()."""
        return request(self.url + path, method, headers, body, timeout)

    def get(self, path, headers=None, timeout=30.0):
        return self.request("GET", path, headers, timeout=timeout)

    def admin(self, method, path, body=None, headers=None, timeout=630.0):
        """The same with the admin key."""
        return self.request(method, path, {"X-API-Key": self.admin_key, **(headers or {})}, body, timeout)

    def maintenance(self, name, wait=60):
        """POST /maintenance/NAME?wait=..., the answer as it came."""
        return self.admin("POST", f"/maintenance/{name}?wait={wait}")

    def sim(self, path, method="GET", body=None):
        """A call of the simulated GitHub's control API, e.g. sim("/_sim/faults", "PUT", {...})."""
        return request(self.sim_url + path, method, body=body)

    # --- steering the parts -------------------------------------------------------------------------------------------

    def stop_part(self, name):
        """Stops a part orderly; it stays down until start_part."""
        self.launcher("stop-part", name)

    def start_part(self, name):
        """Starts a part and waits until it is ready."""
        self.launcher("start-part", name)

    def restart_part(self, name):
        self.launcher("restart-part", name)

    def kill_part(self, name):
        """kill -9; the launcher starts it anew after its backoff (wait with wait_part)."""
        self.launcher("kill-part", name)

    def pause_part(self, name):
        """SIGSTOP: the part hangs, its sockets stay open."""
        self.launcher("pause-part", name)

    def resume_part(self, name):
        self.launcher("resume-part", name)

    def kill_replica(self, replica):
        self.kill_part(self.api_name(replica))

    def restart_replica(self, replica):
        self.restart_part(self.api_name(replica))

    def wait_part(self, name, state="ready", timeout=30.0):
        """Waits until a part is in a state: stopped, starting, ready, failed (waiting for its next start)."""
        wait_until(lambda: self.status()["parts"][name]["state"] == state, timeout, what=f"{name} to be {state}")

    @staticmethod
    def api_name(replica):
        return f"api-{replica}" if isinstance(replica, str) else f"api-{chr(ord('a') + replica)}"

    def status(self):
        """What `repopulse-stack status --json` says: state, url, supervisor, parts (state, pid, port, restarts ...)."""
        return json.loads(self.launcher("status", "--json"))

    def pid(self, name):
        return self.status()["parts"][name]["pid"]

    def kill_supervisor(self):
        """kill -9 of the launcher itself, as a crash would."""
        os.kill(self.status()["supervisor"], signal.SIGKILL)

    def log(self, name):
        """All that a part has logged since its log was last rotated (the proxy's requests: "proxy-access")."""
        path = self.run_dir / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def launcher(self, *arguments, timeout=120.0):
        """Runs stack/repopulse-stack and returns its standard output; StackError when it fails."""
        done = subprocess.run(
            ["/usr/bin/python3", str(LAUNCHER), *arguments], env=self.environment(), cwd=PROJECT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
        if done.returncode:
            raise StackError(done.returncode, done.stdout + done.stderr)
        return done.stdout

    def environment(self):
        settings = {line.lstrip("#").partition("=")[0] for line in (PROJECT / ".env.template").read_text().splitlines() if "=" in line}
        settings |= {name + "_FILE" for name in settings}
        return {
            **{name: value for name, value in os.environ.items() if name not in settings},
            "ENV_FILE": "/dev/null",
            "RUN_DIR": str(self.run_dir),
            "PORT": str(self.port),
            "DEMO": "1" if self.demo else "0",
            **{name: str(value) for name, value in self.env.items()},
        }
