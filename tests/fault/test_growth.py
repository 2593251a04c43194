"""Ten thousand repositories in a topic, and clients that ask for ever new things: caches stay within their bounds, and what many
ask for stays in them.

50,000 distinct requests by default, which with caches this small is many times what they hold; GROWTH_QUERIES=1000000 sends as
many as that. Counts and sizes only: how fast the hot ones are meanwhile is measured by `make growth`.
"""

import os
import threading

import pytest
from growth import BAD, FLOOD, HOT, MIB, MIXED, REPOSITORIES, Growth, end, outcome
from stack import wait_until

QUERIES = int(os.environ.get("GROWTH_QUERIES") or 50_000)
PARTS = max(2, QUERIES // 50_000)  # each brings a near-cache more than twice what it holds
NEAR_CACHE_MIB = 2
REDIS_MIB = 16
REDIS_OVER = 1.1            # buffers of connections come on top of what is kept, for moments
RESIDENT_MIB_MAX = 64
PROXY_MIB_MAX = 256         # nginx/repopulse.conf.template, max_size
HOT_PAUSE_SECONDS = 0.05

pytestmark = pytest.mark.skipif(not FLOOD.exists(), reason=f"{FLOOD} is not built: make build")


@pytest.fixture(scope="module")
def growth():
    # Fresh for so long that nothing is made anew meanwhile: what is computed then was lost.
    with Growth(NEAR_CACHE_MIB=NEAR_CACHE_MIB, REDIS_MAXMEMORY_MIB=REDIS_MIB, FRESH_SECONDS=3600) as service:
        listed = service.get("/api/v1/topics/growth").json()["data"]
        assert listed["repositories_count"] == REPOSITORIES
        yield service


class Regulars:
    """A thread that asks each replica for the hot targets, again and again."""

    def __init__(self, service):
        self.service, self.wrong, self.rounds = service, [], 0
        self._done = self._thread = None

    def __enter__(self):
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join(30)

    def ask(self):
        for target in HOT:
            for replica in ("a", "b"):
                answer = self.service.ask(replica, target)
                if answer.status != 200:
                    self.wrong.append(f"{target}: {answer.status}")

    def _run(self):
        while not self._done.is_set():
            self.ask()
            self.rounds += 1
            self._done.wait(HOT_PAUSE_SECONDS)


def sources_of(service, ask):
    """Where both replicas' answers to what `ask` asks for came from."""
    before = [service.reads(replica) for replica in ("a", "b")]
    ask()
    after = [service.reads(replica) for replica in ("a", "b")]
    counts = {source: sum(one[source] for one in after) - sum(one[source] for one in before) for source in after[0]}
    return {source: count for source, count in counts.items() if count}


def assert_within_bounds(service):
    redis = service.redis()
    assert redis["bound"] == REDIS_MIB * MIB
    assert redis["used"] <= redis["bound"] * REDIS_OVER
    for replica in ("a", "b"):
        metrics = service.metrics(replica)
        assert metrics["repopulse_near_cache_bytes"] <= NEAR_CACHE_MIB * MIB
        assert metrics["process_resident_memory_bytes"] <= RESIDENT_MIB_MAX * MIB
    assert sum(service.proxy_files()) <= PROXY_MIB_MAX * MIB


def test_a_flood_of_distinct_queries_stays_within_all_bounds_and_leaves_the_hot_ones_hot(growth):
    regulars = Regulars(growth)
    regulars.ask()
    before, files_before = growth.pids(), len(growth.proxy_files())
    statuses = {}
    for part in range(PARTS):
        flood = growth.flood(QUERIES // PARTS, MIXED, first=part * (QUERIES // PARTS))
        with regulars:
            try:
                told = outcome(flood)
            finally:
                end(flood)
        # First of all: what was put out of the near-cache comes back into it when it is asked for.
        assert sources_of(growth, regulars.ask) == {"near": 2 * len(HOT)}
        assert told["failed"] == 0
        statuses = {status: statuses.get(status, 0) + count for status, count in told["statuses"].items()}
        assert_within_bounds(growth)
    assert not regulars.wrong and regulars.rounds > PARTS
    assert set(statuses) == {200, 400, 404}, statuses
    assert growth.redis()["evicted"] > 0, "the flood was too small to show anything"
    assert len(growth.proxy_files()) - files_before < len(HOT) + 5, "the proxy keeps what was asked for once"
    assert growth.pids() == before


@pytest.mark.parametrize("kind", list(BAD))
def test_bad_queries_enter_no_cache(growth, kind):
    keys, files = growth.redis()["keys"], len(growth.proxy_files())
    entries = {replica: growth.metrics(replica)["repopulse_near_cache_entries"] for replica in ("a", "b")}
    told = outcome(growth.flood(2000, [BAD[kind]], first=10**9))
    assert set(told["statuses"]) <= {400, 404} and told["failed"] == 0, told
    # Locks are keys too; the last of them are being given free.
    wait_until(lambda: growth.redis()["keys"] <= keys, 10, what="no more keys in Redis than before")
    assert {replica: growth.metrics(replica)["repopulse_near_cache_entries"] for replica in ("a", "b")} == entries
    assert len(growth.proxy_files()) <= files
