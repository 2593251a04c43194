"""GH Archive as the feed, and as a place to fetch hours from."""

import gzip
import json

import pytest

from simgithub.archive import hour_of
from simgithub.model import parse_rfc3339

HOURS = ("2015-01-01-0", "2015-01-01-1")


def line(number, kind, created, repo, name, **payload):
    return {"id": str(number), "type": kind, "actor": {"id": 1, "login": "somebody"}, "repo": {"id": repo, "name": name},
            "payload": payload, "public": True, "created_at": created}


@pytest.fixture
def archive(tmp_path):
    """Two small hours: a repository is renamed between them, and lines are out of order."""
    hours = {HOURS[0]: [line(3, "WatchEvent", "2015-01-01T00:00:30Z", 7, "old/name", action="started"),
                        line(1, "PushEvent", "2015-01-01T00:00:10Z", 7, "old/name", size=1),
                        line(2, "PushEvent", "2015-01-01T00:20:00Z", 8, "other/one", size=2)],
             HOURS[1]: [line(4, "IssuesEvent", "2015-01-01T01:00:00Z", 7, "new/name", action="opened")]}
    for name, events in hours.items():
        with gzip.open(tmp_path / f"{name}.json.gz", "wt") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
    return tmp_path


@pytest.fixture
def replay(start_sim, archive):
    files = [str(archive / f"{name}.json.gz") for name in HOURS]
    return start_sim(start=parse_rfc3339("2015-01-01T00:00:00Z"), replay=files, topics=[("tiny", 3)])


def ids(sim, path):
    return [event["id"] for event in sim.get(path, per_page=100).json()]


def test_events_become_visible_when_they_were_created(replay):
    for seconds, visible in ((9, []), (1, ["1"]), (20, ["3", "1"]), (1170, ["2", "3", "1"]),
                             (2400, ["4", "2", "3", "1"])):
        replay.control("advance", {"seconds": seconds})
        assert ids(replay, "/events") == visible
    assert ids(replay, "/repositories/7/events") == ["4", "3", "1"]


def test_replayed_repositories_have_details_and_their_last_name(replay):
    replay.control("advance", {"seconds": 7200})
    assert replay.get("/repos/new/name").json()["id"] == 7
    assert replay.get("/repos/old/name/events").status == 301
    assert ids(replay, "/repos/NEW/name/events") == ["4", "3", "1"]
    assert replay.get("/repos/new/name/events").json()[1]["repo"]["name"] == "old/name"


def test_the_truth_of_a_replay_is_its_files(replay):
    replay.control("advance", {"seconds": 7200})
    counts = replay.get("/_sim/events/truth").json()
    assert counts["by_type"] == {"IssuesEvent": 1, "PushEvent": 2, "WatchEvent": 1} and counts["repositories"] == 2


def test_a_real_hour_is_replayed_whole(start_sim, data):
    file = data / "gharchive" / "2015-01-01-0.json.gz"
    sim = start_sim(start=parse_rfc3339("2015-01-01T00:00:00Z"), replay=[str(file)], topics=[("tiny", 3)])
    sim.control("advance", {"seconds": 3600})
    # The figures that the data's own description gives.
    counts = sim.get("/_sim/events/truth").json()
    assert counts["events"] == 7702 and counts["repositories"] == 4124
    assert counts["by_type"]["PushEvent"] == 4280 and len(counts["by_type"]) == 14
    shown = [event["id"] for page in (1, 2, 3) for event in sim.get("/events", per_page=100, page=page).json()]
    assert len(set(shown)) == 300


def test_the_archive_serves_files_and_nothing_else(start_sim, archive):
    (archive / "secret.txt").write_text("no")
    sim = start_sim(archive=str(archive), unlimited=False)
    reply = sim.get(f"/archive/{HOURS[0]}.json.gz", {"Accept-Encoding": "gzip", "User-Agent": None})
    assert reply.status == 200 and reply.raw == (archive / f"{HOURS[0]}.json.gz").read_bytes()
    assert reply.headers["Content-Type"] == "application/gzip" and reply.headers["Content-Encoding"] is None
    assert reply.headers["X-RateLimit-Limit"] is None
    for name in ("2015-01-01-00.json.gz", "2015-01-01-2.json.gz", "2015-02-30-1.json.gz", "secret.txt",
                 "..%2Fsecret.json.gz", "2015-01-01-24.json.gz"):
        assert sim.get(f"/archive/{name}").status == 404
    assert sim.requests("/archive")[0]["resource"] == "archive"


def test_faults_apply_to_the_archive(start_sim, archive):
    sim = start_sim(archive=str(archive))
    path = f"/archive/{HOURS[0]}.json.gz"
    sim.faults({"kind": "error", "status": 503, "path": path, "count": 1},
               {"kind": "truncated_json", "fraction": 0.5, "path": path, "skip": 1, "count": 1})
    assert sim.get(path).status == 503
    with pytest.raises(EOFError):
        gzip.decompress(sim.get(path).raw)
    assert gzip.decompress(sim.get(path).raw)


def test_an_hour_of_the_simulated_world(start_sim):
    sim = start_sim(outside=50, events_per_second=1.0, archive_simulated=True)
    assert sim.get("/archive/2026-01-01-0.json.gz").status == 404  # it is not over
    sim.control("advance", {"seconds": 3600})
    lines = [json.loads(text) for text in gzip.decompress(sim.get("/archive/2026-01-01-0.json.gz").raw).splitlines()]
    truth = [json.loads(text) for text in sim.get("/_sim/events/truth.ndjson", since="2026-01-01T00:00:00Z",
                                                  until="2026-01-01T01:00:00Z").body.splitlines()]
    key = ("id", "type", "created_at")
    assert len(truth) > 3000
    assert {tuple(row[name] for name in key) for row in truth} <= {tuple(row[name] for name in key) for row in lines}
    assert len(lines) - len(truth) < 40  # what was shown a second time


@pytest.mark.parametrize("name, moment", [("2015-01-01-0", "2015-01-01T00:00:00Z"), ("2024-02-29-23", "2024-02-29T23:00:00Z"),
                                          ("2023-02-29-1", None), ("2015-1-1-1", None), ("2015-01-01-01", None)])
def test_names_of_hours(name, moment):
    assert hour_of(name) == (parse_rfc3339(moment) if moment else None)
