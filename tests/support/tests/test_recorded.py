"""Recorded answers are served as they are in their files."""

import json

import pytest

FILES = {"search-repositories.2020.json": 30, "search-repositories.2024-07.json": 10}


@pytest.fixture(params=FILES)
def recorded(request, data, start_sim):
    path = data / "github" / request.param
    value = json.loads(path.read_text())
    return start_sim(recorded={"tape": path.read_text()}), value.get("body", value)


def test_page_one_is_the_file_and_there_is_no_other(recorded):
    sim, body = recorded
    reply = sim.search("topic:tape", sort="stars", order="desc", per_page=100, page=1)
    assert reply.json() == body and reply.headers["Link"] is None
    reply = sim.search("topic:tape", sort="stars", order="desc", per_page=100, page=2)
    assert reply.json() == {**body, "items": []} and reply.headers["Link"] is None


def test_qualifiers_filter_the_items(recorded):
    sim, body = recorded
    border = sorted(item["stargazers_count"] for item in body["items"])[4]
    low = sim.search(f"topic:tape stars:0..{border}").json()
    high = sim.search(f"topic:tape stars:>={border + 1}").json()
    assert low["total_count"] == len(low["items"]) >= 5
    assert {item["id"] for item in low["items"] + high["items"]} == {
        item["id"] for item in body["items"]}
    assert sim.search("topic:tape created:<=2001-01-01").json()["items"] == []


def test_its_truth_and_repositories_are_those_of_the_file(recorded):
    sim, body = recorded
    truth = sim.truth("tape")
    assert truth["total"] == len(body["items"])
    item = body["items"][0]
    full = sim.get(f"/repos/{item['full_name']}").json()
    assert {name: full[name] for name in item if name != "score"} == {
        name: value for name, value in item.items() if name != "score"}
    row = next(row for row in truth["repositories"] if row["id"] == item["id"])
    assert row["stargazers_count"] == item["stargazers_count"]


@pytest.mark.parametrize("wrap", [
    lambda body: body, lambda body: json.dumps({"status": 200, "headers": {}, "body": body}),
    lambda body: json.dumps({"request": {}, "status": 200, "body": json.loads(body)})])
def test_all_shapes_of_files_are_taken(start_sim, wrap):
    body = '{"total_count": 3, "incomplete_results": true, "items": []}'
    sim = start_sim(recorded={"tape": wrap(body)})
    assert sim.search("topic:tape").json() == json.loads(body)
