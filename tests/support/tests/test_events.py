"""GET /events and the events of a repository: pages, links, validators, and what is odd in them."""

import json
from collections import Counter

import pytest

from simgithub.model import parse_rfc3339
from simgithub.render import API

TOKEN = {"Authorization": "Bearer token"}


@pytest.fixture
def busy(start_sim):
    return start_sim(outside=300, events_per_second=5.0)


def links(reply):
    found = {}
    for part in filter(None, reply.headers.get("Link", "").split(", ")):
        address, relation = part.split("; ")
        found[relation[5:-1]] = address[1:-1].partition("://")[2].partition("/")[2]
    return found


def feed(sim, path, per_page=100):
    """All pages of a feed, until there is no next."""
    events, page = [], 1
    while True:
        reply = sim.get(path, per_page=per_page, page=page)
        assert reply.status == 200
        events += reply.json()
        if "next" not in links(reply):
            return events
        page += 1


def facts(sim, **params):
    text = sim.get("/_sim/events/truth.ndjson", **params, timeout=60).body.decode()
    return [json.loads(line) for line in text.splitlines()]


def identity(event):
    return event["id"], event["type"], event["created_at"]


def top(sim, topic="kubernetes", place=0):
    return sim.truth(topic)["repositories"][place]


def test_three_pages_of_a_hundred_and_no_fourth(busy):
    first = busy.get("/events", per_page=100)
    assert links(first) == {"next": "events?per_page=100&page=2", "last": "events?per_page=100&page=3"}
    assert list(links(busy.get("/events", per_page=100, page=2))) == ["prev", "next", "last", "first"]
    assert list(links(busy.get("/events", per_page=100, page=3))) == ["prev", "first"]
    beyond = busy.get("/events", per_page=100, page=4)
    assert beyond.status == 422 and "pagination is limited" in beyond.json()["message"]


def test_pages_are_clipped_at_a_hundred_and_thirty_by_default(busy):
    assert links(busy.get("/events", per_page=500))["last"].endswith("page=3")
    assert links(busy.get("/events"))["last"] == "events?page=10"
    assert 20 < len(busy.get("/events").json()) <= 30
    assert busy.get("/events", page=10).status == 200 and busy.get("/events", page=11).status == 422


def test_filtering_happens_after_pagination(busy):
    sizes = []
    for _ in range(12):
        sizes += [len(busy.get("/events", per_page=100, page=page).json()) for page in (1, 2, 3)]
        busy.control("advance", {"seconds": 120})
    assert max(sizes) <= 100 and 80 < min(sizes) < 96 and len(set(sizes)) > 3


def test_pages_move_with_time(busy):
    first = busy.get("/events", per_page=100).json()
    busy.control("advance", {"seconds": 12})
    second = busy.get("/events", per_page=100, page=2).json()
    assert {event["id"] for event in first} & {event["id"] for event in second}


def test_the_feed_is_what_became_visible_last(busy):
    now = parse_rfc3339(busy.truth("tiny")["now"])
    visible = {identity(fact): parse_rfc3339(fact["visible_at"]) for fact in facts(
        busy, since="2025-12-31T23:00:00Z")}
    events = feed(busy, "/events")
    assert all(identity(event) in visible for event in events)
    newest = sorted(visible.values())[-len(set(map(identity, events))):]
    assert sum(visible[identity(event)] >= newest[0] for event in events) > 280
    assert all(moment <= now for moment in visible.values())


def test_everything_is_shown_once_somebody_looks_often_enough(busy):
    busy.control("events/settings", {"events_per_second": 1})
    busy.control("advance", {"seconds": 3600})
    since = busy.truth("tiny")["now"]
    shown = Counter()
    for _ in range(120):
        busy.control("advance", {"seconds": 60})
        shown.update({identity(event) for event in feed(busy, "/events")})
    rows = facts(busy, since=since)
    assert len({identity(row) for row in rows}) == len(rows) > 6000
    assert {identity(row) for row in rows} <= set(shown)


def test_a_feed_is_the_same_whether_it_was_watched_or_is_asked_for_the_first_time(busy):
    row, late = top(busy), 0
    for step in range(12):
        busy.control("advance", {"seconds": 297})
        watched = [feed(busy, path) for path in ("/events", f"/repositories/{row['id']}/events")]
        busy.app.source._feeds.clear()
        assert [feed(busy, path) for path in ("/events", f"/repositories/{row['id']}/events")] == watched
        now = parse_rfc3339(busy.truth("tiny")["now"])
        late += sum(parse_rfc3339(event["created_at"]) < now - 1800 for event in watched[0])
    assert late > 5


def test_a_repository_feed_links_to_its_id_and_holds_its_events_only(busy):
    row = top(busy)
    reply = busy.get(f"/repos/{row['full_name'].upper()}/events", per_page=100)
    assert links(reply)["next"] == f"repositories/{row['id']}/events?per_page=100&page=2"
    assert {event["repo"]["id"] for event in reply.json()} == {row["id"]}
    assert busy.get(f"/repositories/{row['id']}/events", per_page=100).json() == reply.json()
    assert busy.get("/repos/nobody/nothing/events").status == 404
    assert busy.get("/repositories/1/events").status == 404


def test_a_repository_feed_goes_back_thirty_days_at_most(start_sim):
    sim = start_sim(outside=300, events_per_second=0.02)
    row = top(sim, place=400)
    events = feed(sim, f"/repos/{row['full_name']}/events")
    oldest = min(event["created_at"] for event in events)
    assert 0 < len(events) < 300 and "2025-12-02" <= oldest < "2025-12-12"
    expected = {identity(fact) for fact in facts(sim, repository=row["id"], since="2025-12-02T00:00:00Z")}
    assert {identity(event) for event in events} == expected


def test_a_renamed_repository_redirects_and_keeps_its_past_names(busy):
    row = top(busy)
    before = feed(busy, f"/repositories/{row['id']}/events")
    busy.control("mutate", {"op": "rename", "repository": row["id"], "name": "renamed"})
    moved = busy.get(f"/repos/{row['full_name']}/events", per_page=100)
    assert moved.status == 301
    assert moved.headers["Location"].endswith(f"/repositories/{row['id']}/events?per_page=100")
    assert feed(busy, f"/repositories/{row['id']}/events") == before
    busy.control("advance", {"seconds": 7200})
    names = {event["repo"]["name"] for event in feed(busy, f"/repos/{row['owner']}/renamed/events")}
    assert row["owner"] + "/renamed" in names


@pytest.mark.parametrize("status", [404, 451, 403])
def test_a_hidden_repository_has_no_feed_and_is_in_no_other(busy, status):
    row = top(busy)
    busy.control("mutate", {"op": "block", "repository": row["id"], "status": status})
    assert busy.get(f"/repos/{row['full_name']}/events").status == status
    hidden = busy.truth("tiny")["now"]
    busy.control("advance", {"seconds": 1800})
    assert row["id"] not in {event["repo"].get("id") for event in feed(busy, "/events")}
    assert facts(busy, repository=row["id"], since=hidden) == []
    assert all("hidden_at" in fact for fact in facts(busy, repository=row["id"], since="2025-12-31T23:00:00Z"))


def test_a_304_is_free_only_with_a_token_and_etags_are_a_tokens_own(start_sim):
    sim = start_sim(unlimited=False, tokens=("token", "other"), outside=50, events_per_second=1.0)
    path = f"/repos/{top(sim)['full_name']}/events?per_page=100"
    for headers, used in ((TOKEN, "1"), ({}, "2")):
        first = sim.get(path, headers)
        assert first.headers["ETag"].startswith('W/"') and first.headers["X-Poll-Interval"] == "60"
        again = sim.get(path, {**headers, "If-None-Match": first.headers["ETag"]})
        assert again.status == 304 and again.raw == b"" and again.headers["X-Poll-Interval"] == "60"
        assert again.headers["X-RateLimit-Used"] == used and again.headers["X-RateLimit-Resource"] == "core"
    etag = sim.get(path, TOKEN).headers["ETag"]
    assert sim.get(path, {"Authorization": "Bearer other"}).headers["ETag"] != etag
    sim.control("events", {"repository": top(sim)["id"], "type": "WatchEvent", "action": "started"})
    assert sim.get(path, {**TOKEN, "If-None-Match": etag}).status == 200


def test_an_event_is_visible_when_its_delay_is_over(busy):
    row = top(busy)
    busy.control("events/quiet", {"repository": row["id"]})
    added = busy.control("events", {"repository": row["id"], "type": "ReleaseEvent", "action": "published",
                                    "delay_seconds": 300})["events"][0]
    path = f"/repos/{row['full_name']}/events"
    for seconds, there in ((0, False), (299, False), (1, True)):
        busy.control("advance", {"seconds": seconds})
        assert (added["id"] in {event["id"] for event in feed(busy, path)}) is there
        assert (added["id"] in {fact["id"] for fact in facts(busy, repository=row["id"])}) is there


def test_a_burst_is_in_both_feeds_and_in_the_truth(busy):
    row = top(busy, "docker")
    added = busy.control("events", {"repository": row["full_name"], "type": "WatchEvent", "action": "started",
                                    "count": 120, "actor": "dependabot[bot]"})["events"]
    ids = {event["id"] for event in added}
    assert len(ids) == 120
    for path in ("/events", f"/repos/{row['full_name']}/events"):
        mine = [event for event in feed(busy, path) if event["id"] in ids]
        assert len(mine) == 120
        assert {event["actor"]["login"] for event in mine} == {"dependabot[bot]"}
    assert ids <= {fact["id"] for fact in facts(busy, repository=row["id"])}


def test_a_quiet_repository_says_nothing_new(busy):
    row = top(busy)
    busy.control("events/quiet", {"repository": row["id"], "until": "2026-01-02T00:00:00Z"})
    quiet = {"repository": row["id"], "since": "2026-01-01T08:00:00Z"}
    busy.control("advance", {"seconds": 23 * 3600})
    assert facts(busy, **quiet) == []
    busy.control("advance", {"seconds": 3 * 3600})
    assert facts(busy, **quiet)


def test_what_is_odd_does_occur(start_sim):
    sim = start_sim(outside=2000, events_per_second=30.0)
    sim.control("advance", {"seconds": 1800})
    rows = facts(sim)
    since = parse_rfc3339("2026-01-01T00:00:00Z")
    delay = [parse_rfc3339(row["visible_at"]) - parse_rfc3339(row["created_at"]) for row in rows]
    assert 20 <= sorted(delay)[len(delay) // 2] <= 45 and sum(seconds > 3600 for seconds in delay) > 50
    ids = Counter(row["id"] for row in rows)
    assert any(count > 1 for count in ids.values()) and len({identity(row) for row in rows}) == len(rows)
    assert sum("again_at" in row for row in rows) > 50
    assert any(row["repository_id"] is None for row in rows)
    assert any(row["type"] == "SponsorshipEvent" for row in rows)
    assert min(parse_rfc3339(row["created_at"]) for row in rows) < since - 30 * 86400
    assert len({len(row["id"]) for row in rows}) > 1
    assert len({row["type"] for row in rows}) == 17


def test_plain_events_are_not_odd(start_sim):
    sim = start_sim(outside=100, events_per_second=5.0, plain_events=True)
    assert [len(sim.get("/events", per_page=100, page=page).json()) for page in (1, 2, 3)] == [100] * 3
    rows = facts(sim, since="2025-12-31T23:00:00Z")
    assert {parse_rfc3339(row["visible_at"]) - parse_rfc3339(row["created_at"]) for row in rows} == {30}


def test_a_repository_that_is_new_takes_part(busy):
    added = busy.control("mutate", {"op": "add", "topic": "docker", "stargazers_count": 60_000})["results"][0]
    busy.control("advance", {"seconds": 6 * 3600})
    assert feed(busy, f"/repos/{added['full_name']}/events")


def test_others_than_those_of_the_topics_have_details(busy):
    events = feed(busy, "/events")
    known = {row["id"] for topic in ("kubernetes", "docker", "tiny") for row in busy.truth(topic)["repositories"]}
    others = [event["repo"] for event in events if event["repo"] and event["repo"]["id"] not in known]
    assert 90 < len(others) < 210
    for repo in others[:5]:
        assert busy.get(f"/repositories/{repo['id']}").json()["full_name"] == repo["name"]
        assert repo["url"] == f"{API}/repos/{repo['name']}"


def test_bots_and_people_act(busy):
    busy.control("advance", {"seconds": 600})
    logins = Counter(event["actor"]["login"] for event in feed(busy, "/events"))
    bots = sum(count for login, count in logins.items() if login.endswith("[bot]"))
    assert 0.05 < bots / sum(logins.values()) < 0.5 and len(logins) > 100


def test_the_same_seed_gives_the_same_events_however_time_passes(start_sim):
    first, second, other = (start_sim(outside=100, events_per_second=0.5, seed=seed) for seed in (5, 5, 6))
    for sim, steps in ((first, (43200,)), (second, (7, 3600, 39593)), (other, (43200,))):
        for seconds in steps:
            sim.get("/events")
            sim.control("advance", {"seconds": seconds})
    assert feed(first, "/events") == feed(second, "/events") != feed(other, "/events")
    assert facts(first) == facts(second)


def test_without_a_rate_nothing_happens(sim):
    assert sim.get("/events").json() == [] and "Link" not in sim.get("/events").headers
    assert facts(sim) == []
