"""A simulated GitHub in this process for each test that asks for one, and a plain client."""

import gzip
import http.client
import json
import os
import sys
import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest

SUPPORT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SUPPORT))

from simgithub.app import App, Settings  # noqa: E402
from simgithub.control import Control  # noqa: E402
from simgithub.model import parse_rfc3339  # noqa: E402
from simgithub.server import Server  # noqa: E402

START = parse_rfc3339("2026-01-01T00:00:00Z")
TOPICS = [("kubernetes", 1300), ("docker", 250), ("tiny", 7)]


class Reply:
    def __init__(self, response, raw):
        self.status, self.headers, self.raw = response.status, response.headers, raw

    @property
    def body(self):
        return gzip.decompress(self.raw) if self.headers.get("Content-Encoding") == "gzip" \
            else self.raw

    def json(self):
        return json.loads(self.body)


class Client:
    """Sends what GITHUB_API.md asks of a client, unless told otherwise."""

    HEADERS = {"User-Agent": "simgithub-tests", "Accept": "application/vnd.github+json",
               "X-GitHub-Api-Version": "2022-11-28"}

    def __init__(self, port, app=None):
        self.port, self.app = port, app

    def get(self, path, headers=None, method="GET", body=None, timeout=10, **params):
        if params:
            path += "?" + urlencode(params)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            given = {**self.HEADERS, **(headers or {})}
            connection.request(method, path, body,
                               {name: value for name, value in given.items() if value is not None})
            response = connection.getresponse()
            return Reply(response, response.read())
        finally:
            connection.close()

    def search(self, q, headers=None, **params):
        return self.get("/search/repositories", headers, q=q, **params)

    def control(self, path, value, method="POST"):
        reply = self.get(f"/_sim/{path}", method=method, body=json.dumps(value))
        assert reply.status == 200, reply.body
        return reply.json()

    def truth(self, topic):
        return self.get("/_sim/truth", topic=topic).json()

    def faults(self, *rules):
        return self.control("faults", list(rules))

    def requests(self, path=""):
        return self.get(f"/_sim/requests?path={path}").json()["requests"]


@pytest.fixture
def start_sim():
    """Starts simulated GitHubs with the settings given; time stands still by default."""
    running = []

    def start(**changes):
        settings = {"seed": 1, "start": START, "time_scale": 0, "topics": TOPICS,
                    "recorded": {}, "unlimited": True, **changes}
        app = App(Settings(**settings))
        server = Server(("127.0.0.1", 0), app, Control(app), quiet=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        running.append((app, server, thread))
        return Client(server.server_address[1], app)

    yield start
    for app, server, thread in running:
        app.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def sim(start_sim):
    return start_sim()


@pytest.fixture(scope="session")
def data():
    """The recorded answers and schemas, which are not part of the project."""
    folder = Path(os.environ.get("REPOPULSE_DATA", SUPPORT.parents[2] / "shared" / "data"))
    if not (folder / "schemas").is_dir():
        pytest.skip(f"no recorded data in {folder} (REPOPULSE_DATA names another folder)")
    return folder
