"""Hours of a firehose that shows thirty events a second, of which GitHub's limits let three hundred a minute through.

CAPTURE_HOURS=10 watches ten of them (a quarter of an hour of real time); one by default. Everything of tracked repositories is captured; of the firehose what can be had, and what is lost lies in a gap that is told.
"""

import bisect
import collections
import datetime
import os

import pytest
from eventlog import assert_agrees, identity, stored, truth
from service import TOKEN, Service
from simulated import SimulatedGitHub

HOURS, EVENTS_PER_SECOND, TRACKED = int(os.environ.get("CAPTURE_HOURS", "1")), 30, 5
START = "2026-11-01T00:00:00Z"
REPOSITORY_POLLS_EVERY = 1  # minutes: the busiest has some 190 new events in one

FAULTS = [
    {"kind": "error", "regex": "events", "status": 502, "body": "html", "probability": 0.02},
    {"kind": "error", "regex": "events", "status": 500, "body": "empty", "probability": 0.01},
    {"kind": "cut_in_body", "regex": "events", "fraction": 0.5, "probability": 0.02},
    {"kind": "wrong_types", "path": "/events", "items": 2, "probability": 0.03},
    {"kind": "truncated_json", "regex": "events", "fraction": 0.7, "probability": 0.01},
]


class Ticks:
    """Which simulated time it was at a time of the service's own clock."""

    def __init__(self):
        self.real, self.simulated = [], []

    def add(self, simulated):
        self.real.append(datetime.datetime.now(datetime.timezone.utc).timestamp())
        self.simulated.append(simulated)

    def simulated_at(self, real):
        return self.simulated[max(0, bisect.bisect_right(self.real, real) - 1)]


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def database_seconds(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp()


@pytest.fixture(scope="module")
def watched():
    """A service that has watched the simulated hours: (service, github, ticks)."""
    options = ["--token", TOKEN, "--topic", "lab=60", "--events-per-second", str(EVENTS_PER_SECOND), "--start-time", START, "--outside", "5000"]
    with SimulatedGitHub(*options) as github, Service(github, ["lab"], TRACK_TOP=TRACKED, LOG_LEVEL="error") as service:
        service.maintenance("collect")
        github.faults(*FAULTS)
        ticks = Ticks()
        for minute in range(HOURS * 60):
            now = github.control("POST", "advance", {"seconds": 60})["now"]
            kinds = "'firehose', 'repository'" if minute % REPOSITORY_POLLS_EVERY == 0 else "'firehose'"
            # GitHub's time flies here, and the service's does not: what would be due by then is said to be.
            service.sql(f"UPDATE event_sources SET next_poll_at = '2020-01-01' WHERE kind IN ({kinds})")
            ticks.add(seconds(now))
            service.control(minute % 2, "/maintenance/collect?wait=60")
        github.faults()
        github.control("POST", "advance", {"seconds": 60})
        service.sql("UPDATE event_sources SET next_poll_at = '2020-01-01' WHERE kind <> 'details'")
        ticks.add(ticks.simulated[-1] + 60)
        answer = service.maintenance("collect")
        assert answer.status == 200, answer.text
        yield service, github, ticks


def gaps_of(service, kind):
    """(created from, to, polled from, to) in seconds of every gap of such a source, by the source's repository."""
    rows = service.sql("SELECT s.repository_id, g.from_at, g.to_at, g.polled_from, g.polled_to FROM event_gaps g "
                       f"JOIN event_sources s ON s.id = g.source_id WHERE s.kind = '{kind}'")
    found = collections.defaultdict(list)
    for repository, *times in rows:
        found[int(repository)].append([database_seconds(text) for text in times])
    return found


def shown(github, ticks, **params):
    """What GitHub began to show after the first poll and until the last, and still shows."""
    rows = truth(github, since=START, **params)
    first, last = ticks.simulated[0], ticks.simulated[-1]
    return [row for row in rows if first < seconds(row["visible_at"]) <= last and "hidden_at" not in row]


def test_what_the_firehose_lost_lies_in_its_gaps(watched):
    service, github, ticks = watched
    have = stored(service)
    assert len(have) == len(set(have)), "an event is stored twice"
    have = set(have)
    gaps = gaps_of(service, "firehose")[0]
    polls = [(ticks.simulated_at(polled_from), ticks.simulated_at(polled_to)) for _, _, polled_from, polled_to in gaps]
    rows = shown(github, ticks)
    assert len(rows) > 0.6 * HOURS * 3600 * EVENTS_PER_SECOND  # some are hidden again, some come too late
    lost = [row for row in rows if identity(row) not in have]
    outside = [row for row in lost
               if not any(created_from <= seconds(row["created_at"]) <= created_to for created_from, created_to, _, _ in gaps)
               and not any(before < seconds(row["visible_at"]) <= after for before, after in polls)]
    malformed = int(service.sql("SELECT SUM(events_malformed) FROM event_sources")[0][0])
    assert len(outside) <= malformed, (len(outside), malformed, outside[:5])
    # What the limits let through: three pages of a hundred a minute, less the faults and what two polls both show.
    assert len(rows) - len(lost) >= 0.85 * HOURS * 60 * 300


def test_what_is_stored_was_shown(watched):
    service, github, ticks = watched
    known = {identity(row) for row in truth(github, since=START)}
    assert {one for one in stored(service) if one[2] >= START} <= known


def test_tracked_repositories_lose_nothing(watched):
    service, github, ticks = watched
    tracked = [int(row[0]) for row in service.sql("SELECT repository_id FROM event_sources WHERE kind = 'repository' AND active")]
    assert len(tracked) == TRACKED
    for repository in tracked:
        rows = shown(github, ticks, repository=repository)
        have = set(stored(service, repository))
        missing = [row for row in rows if identity(row) not in have]
        assert rows and not missing, (repository, len(rows), missing[:3])


def test_rollups_agree_with_the_events(watched):
    assert assert_agrees(watched[0])["events"] > 10_000 * HOURS


def test_coverage_tells_the_gaps(watched):
    service = watched[0]
    answer = service.ask("a", "/api/v1/coverage")
    assert answer.status == 200
    firehose = next(row for row in answer.json()["data"] if row["kind"] == "firehose")
    assert firehose["gaps"] and firehose["events_new"] > 10_000 * HOURS
