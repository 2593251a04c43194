"""Fixtures that the tests of the running stack share."""

import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import proxied  # noqa: E402  (found through the line above)
import replayed as replays  # noqa: E402
from service import TOKEN, Service, recorded_files, with_recordings  # noqa: E402
from simulated import SimulatedGitHub  # noqa: E402
from stack import Stack  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[1]
TIES = 1300

shared_proxy = proxied.shared_proxy
proxy = proxied.proxy
replayed = replays.replayed


@pytest.fixture(scope="session")
def packages():
    """What the pages and the browser's driver take from npm; a stack that is to serve it has to be started after it."""
    done = subprocess.run([PROJECT / "nginx/site-packages/install", "--test", PROJECT / "build/site-packages"], capture_output=True, text=True)
    if done.returncode == 69:
        pytest.skip(f"npm's packages cannot be had: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def stack():
    """One demo stack for all tests of a run. Leave it as you found it: ready, with the same topics and settings."""
    with Stack() as running:
        yield running


@pytest.fixture
def make_stack():
    """Makes stacks of a test's own: make_stack(env={"API_REPLICAS": 3}).start(); all are destroyed after the test."""
    made = []

    def make(**arguments):
        made.append(Stack(**arguments))
        return made[-1]

    yield make
    for one in reversed(made):
        one.destroy()


@pytest.fixture(scope="session")
def service():
    """A stack for tests that only read: its GitHub stands still. put-me is the topic that tests track and untrack."""
    topics = {"kubernetes": 2400, "docker": 900, "shelf": 40, "metrics": 25, "put-me": 30}
    with with_recordings(*(word for name, count in topics.items() for word in ("--topic", f"{name}={count}"))) as github:
        populate(github)
        tracked = [name for name in topics if name != "put-me"] + ["empty-shelf", "empty-of-ties", *recorded_files()]
        with Service(github, tracked, TRACK_TOP=0, FIREHOSE="off") as running:  # recorded repositories have no events
            yield running


def populate(github):
    """What a made-up world has too little of: ties, nulls, names and texts that are hard to write."""
    day = "2020-01-{:02}T00:00:00Z"
    github.mutate(*({"op": "add", "topic": "empty-of-ties", "count": TIES // 13, "stargazers_count": 7,
                     "created_at": day.format(number), "pushed_at": day.format(1 + number % 3)} for number in range(1, 14)))
    shelf = [row["id"] for row in github.truth("shelf")]
    texts = ["=HYPERLINK(\"http://evil.example\",\"click\")", "+1+1", "-2+3", "@SUM(1,2)", "a \"quoted\", comma", "two\nlines",
             "\ttab", "\u00fcn\u00efc\u00f6d\u00e9 \U0001f680", None]
    github.mutate(*({"op": "set", "repository": number, "description": text} for number, text in zip(shelf, texts)),
                  *({"op": "set", "repository": number, "language": None} for number in shelf[10:13]),
                  *({"op": "set", "repository": number, "language": "C++"} for number in shelf[13:16]),
                  *({"op": "set", "repository": number, "archived": True} for number in shelf[16:20]),
                  *({"op": "set", "repository": number, "pushed_at": None} for number in shelf[20:23]))


@pytest.fixture(scope="session")
def small_service():
    """A stack for tests that change or break things: few repositories, answers stale after a second. Leave it ready and whole."""
    with SimulatedGitHub("--token", TOKEN, "--topic", "lab=250", "--topic", "shelf=120", "--topic", "docker=900") as github:
        # No feeds of events: one that becomes due would be asked for too, and by its answer keep a run from failing.
        with Service(github, ["lab", "shelf", "docker"], FRESH_SECONDS=1, TRACK_TOP=0, FIREHOSE="off") as running:
            yield running
