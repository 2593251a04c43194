"""Events have the form that GitHub's own description gives them, but for what is known to differ."""

import json

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

TYPES = 16
UNDOCUMENTED = "SponsorshipEvent"


@pytest.fixture
def events(start_sim):
    """Events of all types: what happened, and some of each rare kind."""
    def made(**settings):
        sim = start_sim(outside=200, events_per_second=2.0, **settings)
        row = sim.truth("docker")["repositories"][0]
        for kind, actions in (("DiscussionEvent", ("created", "answered", "closed")), ("GollumEvent", ("edited",)),
                              ("CommitCommentEvent", ("created",)), ("MemberEvent", ("added",)), ("PublicEvent", (None,)),
                              ("ReleaseEvent", ("published",)), ("IssuesEvent", ("labeled", "assigned", "closed")),
                              ("PullRequestEvent", ("merged", "labeled", "assigned"))):
            for action in actions:
                sim.control("events", {"repository": row["id"], "type": kind, "action": action, "count": 3})
        found = []
        for path in ("/events", f"/repos/{row['full_name']}/events"):
            for page in (1, 2, 3):
                found += sim.get(path, per_page=100, page=page).json()
        return found

    return made


@pytest.mark.parametrize("version", ["2022-11-28", "2026-03-10"])
def test_every_event_and_its_payload_are_valid(events, data, version):
    schema = json.loads((data / "schemas" / f"event.{version}.schema.json").read_text())

    def checker(name):
        return jsonschema.Draft202012Validator(
            {**schema, "$ref": f"#/$defs/{name}"}, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)

    checkers, seen = {}, set()
    for event in events():
        if event["type"] == UNDOCUMENTED or not event["repo"]:
            continue
        if event["type"] == "CreateEvent" and event["payload"]["ref"] is None:
            assert event["payload"]["ref_type"] == "repository"  # seen, though the description forbids it
            event["payload"]["ref"] = ""
        for name, value in (("Event", event), (event["type"], event["payload"])):
            if name not in checkers:
                checkers[name] = checker(name)
            checkers[name].validate(value)
        seen.add(event["type"])
    assert len(seen) == TYPES


def test_trimmed_payloads_have_no_commits_and_no_merged(events):
    found = events()
    pushes = [event["payload"] for event in found if event["type"] == "PushEvent"]
    assert {tuple(sorted(push)) for push in pushes} == {("before", "head", "push_id", "ref", "repository_id")}
    pulls = [event["payload"] for event in found if event["type"] == "PullRequestEvent"]
    assert {tuple(sorted(pull["pull_request"])) for pull in pulls} == {("base", "head", "id", "number", "url")}
    assert "merged" in {pull["action"] for pull in pulls}


def test_full_payloads_are_those_of_before(events):
    found = events(full_payloads=True)
    assert all(event["payload"]["size"] == event["payload"]["distinct_size"] >= len(event["payload"]["commits"]) > 0
               for event in found if event["type"] == "PushEvent")
    pulls = [event["payload"] for event in found if event["type"] == "PullRequestEvent"]
    assert "merged" not in {pull["action"] for pull in pulls}
    merged = [pull for pull in pulls if pull["pull_request"]["merged"]]
    assert merged and {pull["action"] for pull in merged} == {"closed"}
    assert not any("full_ref" in event["payload"] for event in found if event["type"] == "CreateEvent")


def test_the_truth_says_the_action_that_the_payload_has(start_sim):
    for full in (False, True):
        sim = start_sim(outside=100, events_per_second=2.0, full_payloads=full)
        since = "2025-12-31T23:30:00Z"
        rows = [json.loads(line) for line in sim.get("/_sim/events/truth.ndjson", since=since).body.splitlines()]
        actions = {(row["id"], row["type"], row["created_at"]): row["action"] for row in rows}
        events = sim.get("/events", per_page=100).json()
        for event in events:
            payload = event["payload"]
            if event["type"] in ("IssuesEvent", "PullRequestEvent", "PullRequestReviewEvent", "DiscussionEvent"):
                assert payload["action"] == actions[event["id"], event["type"], event["created_at"]]
        assert len(events) > 60
