"""Faults of event feeds: rules that fit every endpoint, and those of lists of events."""

import json

import pytest


@pytest.fixture
def busy(start_sim):
    return start_sim(outside=100, events_per_second=5.0, plain_events=True)


def test_entries_that_are_no_events(busy):
    busy.faults({"kind": "malformed_entries", "items": 8, "path": "/events", "count": 1})
    spoiled, whole = (busy.get("/events", per_page=100).json() for _ in range(2))
    assert len(spoiled) == len(whole) == 100 and spoiled[8:] == whole[8:]
    assert [type(entry) for entry in spoiled[:5]] == [type(None), int, str, list, dict]


def test_wrong_missing_and_null_fields(busy):
    for kind, check in (("missing_fields", lambda event: "actor" not in event and "created_at" not in event),
                        ("null_fields", lambda event: event["actor"] is None and event["created_at"] is None),
                        ("wrong_types", lambda event: event["actor"] == "nobody" and event["created_at"] == 1234567890)):
        busy.faults({"kind": kind, "items": 3, "fields": ["actor", "created_at"]})
        events = busy.get("/events", per_page=100).json()
        assert [check(event) for event in events[:5]] == [True] * 3 + [False] * 2
    busy.faults({"kind": "wrong_types"})
    assert all(event["type"] == 7 and event["payload"] == "none" for event in busy.get("/events").json())


def test_a_page_shown_twice_and_entries_shown_twice(busy):
    pages = [busy.get("/events", per_page=100, page=page).json() for page in (1, 2, 3)]
    busy.faults({"kind": "repeat_page", "regex": "page=3"})
    assert busy.get("/events", per_page=100, page=3).json() == pages[1]
    assert 'rel="next"' not in busy.get("/events", per_page=100, page=3).headers["Link"]
    busy.faults({"kind": "duplicate_items", "items": 7})
    assert busy.get("/events", per_page=100, page=3).json() == pages[2] + pages[2][:7]


@pytest.mark.parametrize("kind", ["malformed_json", "truncated_json", "invalid_utf8", "deep_json", "html_body"])
def test_bodies_that_are_no_list_of_events(busy, kind):
    busy.faults({"kind": kind, "path": "/events"})
    with pytest.raises((ValueError, RecursionError)):
        json.loads(busy.get("/events").body)


def test_faults_of_one_repository_leave_the_others_alone(busy):
    first, second = busy.truth("docker")["repositories"][:2]
    busy.faults({"kind": "error", "status": 502, "path": f"/repos/{first['full_name']}/events"})
    assert busy.get(f"/repos/{first['full_name']}/events").status == 502
    assert busy.get(f"/repos/{second['full_name']}/events").status == 200
    assert busy.get(f"/repos/{first['full_name']}").status == 200


@pytest.mark.parametrize("path, body, text", [
    ("events", {"type": "PushEvent"}, "repository and type"),
    ("events", {"repository": 1, "type": "PushEvent"}, "no repository"),
    ("events", {"repository": 1, "type": "PushEvent", "count": 10001}, "1 to 10000"),
    ("events", {"repository": 1, "type": "PushEvent", "colour": "red"}, "colour"),
    ("events/settings", {"events_per_second": -1}, "0 to 1000"),
    ("events/settings", {"payloads": "some"}, "full or trimmed"),
    ("events/quiet", {"repository": "no/body"}, "no repository")])
def test_wrong_control_requests_say_what_is_wrong(busy, path, body, text):
    reply = busy.get(f"/_sim/{path}", method="POST", body=json.dumps(body))
    assert reply.status == 400 and text in reply.json()["error"]
