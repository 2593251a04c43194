"""A stack that lives in the first hours of 2015: real hours of GH Archive imported, its clock set to their end.

    def test_counts(replayed):                       # session fixture, skips where the data are not there
        replayed.get("/api/v1/events/counts?minutes=60").json()
        replayed.recount.counts()                    # the same files, counted independently

Nothing is collected, and no request leaves the machine: what is asked about is what the files say.
"""

import functools
import json

import pytest

from recount import Recount, real_hours
from stack import Stack

NOW = "2015-01-01T04:00:00Z"
NOWHERE = "http://127.0.0.1:9"


class Replayed(Stack):
    """Started with its files imported; `report` is what the import said. `env` are further settings."""

    def __init__(self, files, now=NOW, **env):
        super().__init__(demo=False, env={"REPLAY_NOW": now, "COLLECT": "off", "GITHUB_API_URL": NOWHERE,
                                          "CLIENT_RATE_LIMIT": "0", **env})
        self.files = list(files)
        self.report = None

    def start(self, timeout=180.0):
        super().start(timeout)
        self.report = self.import_files(*self.files)
        return self

    def import_files(self, *words, timeout=300.0):
        """`repopulse import` into this stack: files, folders, hours, options; its report. StackError if it fails."""
        return json.loads(self.launcher("import", "--json", *map(str, words), timeout=timeout))

    @functools.cached_property
    def recount(self):
        return Recount(self.files)


@pytest.fixture(scope="session")
def replayed():
    """The three real hours at 2015-01-01T04:00:00Z. For tests that only read."""
    files = real_hours()
    if len(files) < 3:
        pytest.skip(f"needs ../shared/data/gharchive: {len(files)} of 3 hours are there")
    with Replayed(files) as running:
        yield running
