"""Every kind of answer has the form that GitHub's own description gives it."""

import json

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

VERSIONS = ("2022-11-28", "2026-03-10")


@pytest.fixture(params=VERSIONS)
def check(request, data):
    def validate(reply, name):
        schema = json.loads((data / "schemas" / f"{name}.{request.param}.schema.json").read_text())
        checker = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        checker.validate(reply.json())
        return reply.json()

    return validate


def test_every_item_of_a_search_is_valid(sim, check):
    sim.control("advance", {"seconds": 5 * 86400})
    for page in range(1, 11):
        answer = check(sim.search("topic:kubernetes", per_page=100, page=page),
                       "search-repositories-response")
        assert len(answer["items"]) == 100


def test_a_search_without_results_is_valid(sim, check):
    assert check(sim.search("topic:empty-one"), "search-repositories-response")["items"] == []


def test_every_repository_is_valid(sim, check):
    rows = sim.truth("docker")["repositories"]
    assert any(row["fork"] for row in rows)
    for row in rows:
        full = check(sim.get(f"/repos/{row['full_name']}"), "full-repository")
        assert full["id"] == row["id"]


def test_a_recorded_repository_is_valid(start_sim, data, check):
    text = (data / "github" / "search-repositories.2020.json").read_text()
    sim = start_sim(recorded={"tetris": text})
    check(sim.get("/repos/daniel-e/tetros"), "full-repository")


def test_the_limits_are_valid(sim, check):
    check(sim.get("/rate_limit"), "rate-limit-overview")


def test_errors_are_valid(sim, check):
    row = sim.truth("docker")["repositories"][0]
    sim.control("mutate", {"op": "block", "repository": row["id"], "status": 451})
    check(sim.get("/repos/nobody/nothing"), "basic-error")
    check(sim.get(f"/repos/{row['full_name']}"), "basic-error")
    check(sim.search("topic:kubernetes", per_page=100, page=11), "validation-error")
    check(sim.search("x" * 257), "validation-error")
