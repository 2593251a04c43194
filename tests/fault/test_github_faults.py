"""GitHub answers wrongly, slowly, partly or not at all: jobs end clearly, what is served stays whole, and the next run succeeds."""

import time

import pytest
from contract import assert_stored_is_truth, by_stars, of_one_state
from simulated import wait_for_search

LISTS = ("/api/lab", "/api/popularity/lab", "/db/lab")
SEARCH = {"path": "/search/repositories"}
PAGE_2_OF_LAB = {**SEARCH, "regex": r"topic:lab.*[?&]page=2|[?&]page=2.*topic:lab"}

# What happens once, in the middle of a sweep, and must leave no trace in what is served.
PASSING = {
    "delay": {"seconds": 0.3}, "error-500-empty": {"kind": "error", "status": 500, "body": "empty"}, "error-502-html": {"kind": "error", "body": "html"},
    "error-504-text": {"kind": "error", "status": 504, "body": "upstream timed out"},
    "malformed_json": {}, "truncated_json": {}, "empty_body": {}, "html_body": {}, "deep_json": {}, "huge_body": {"size_mib": 40},
    "replace_body-list": {"kind": "replace_body", "value": []},
    "invalid_utf8": {}, "unknown_fields": {}, "duplicate_items": {"items": 30},
    "cut_before_headers": {}, "cut_before_headers-reset": {"kind": "cut_before_headers", "reset": True}, "cut_in_headers": {},
    "cut_in_body": {}, "cut_in_body-reset": {"kind": "cut_in_body", "fraction": 0.9, "reset": True}, "gzip_garbage": {}, "gzip_truncated": {},
    "not_http": {}, "chunked": {}, "endless_headers": {}, "slow": {"bytes_per_second": 400_000},
    "secondary_limit": {"retry_after": 1}, "secondary_limit-429-date": {"kind": "secondary_limit", "status": 429, "retry_after": 1, "as_date": True},
    "primary_limit": {"reset_seconds": 0}, "redirect-within": {"kind": "redirect", "status": 307},
}

# Items that are not what GitHub documents: none may be invented, none may disappear from the ranking for it.
SPOILT = {
    "wrong_types": {"items": 3}, "null_fields": {"items": 3, "fields": ["id", "full_name", "owner"]}, "missing_fields": {"items": 3},
    "wrong_total-0": {"kind": "wrong_total", "total_count": 0}, "wrong_total-huge": {"kind": "wrong_total", "total_count": 10**9, "count": 4},
    "wrong_total-negative": {"kind": "wrong_total", "total_count": -1},
    "incomplete_results": {"keep": 5}, "incomplete_results-none": {"kind": "incomplete_results", "keep": 0},
}

# What lasts: the job must end with an error that says so.
LASTING = {
    "error-502-html": {"kind": "error", "body": "html"}, "error-403-json": {"kind": "error", "status": 403}, "error-422": {"kind": "error", "status": 422},
    "malformed_json": {}, "unauthorized": {}, "redirect_loop": {}, "not_http": {},
}


def rule(name, values, where):
    return {"kind": name.partition("-")[0], **values, **where}


@pytest.fixture
def service(small_service):
    """Whole before and after each test."""
    small_service.github.faults()
    yield small_service
    small_service.github.faults()


def change(service):
    """Something that a successful collection must bring."""
    row = by_stars(service.github.truth("lab"))[-1]
    service.github.mutate({"op": "set", "repository": row["id"], "language": "Zig" if row["language"] != "Zig" else "C"})


@pytest.mark.parametrize("name", list(PASSING))
def test_a_passing_fault_leaves_no_trace(service, name):
    change(service)
    values = dict(PASSING[name])
    if name == "redirect-within":
        values["location"] = "/search/repositories?q=topic%3Alab&sort=stars&order=desc&per_page=100&page=2"
    service.github.faults(rule(name, values, {**PAGE_2_OF_LAB, "count": 1}))
    answer = service.collect("lab")
    assert service.github.control("GET", "faults")["rules"][0]["applied"] == 1
    assert (answer.status, answer.json().get("data", answer.json()).get("state")) == (200, "succeeded"), answer.text
    if name == "invalid_utf8":
        service.collected("lab")
    assert_stored_is_truth(service, "lab")


@pytest.mark.parametrize("name", list(SPOILT))
def test_spoilt_answers_take_nobody_out_of_the_ranking(service, name):
    before = {row["id"] for row in service.github.truth("lab")}
    service.github.faults(rule(name, SPOILT[name], {**SEARCH, "regex": "topic:lab"}))
    answer = service.collect("lab")
    assert answer.status == 200, answer.text
    assert {row["id"] for row in service.ask("a", "/db/lab").json()} == before
    service.github.faults()
    service.collected("lab")
    assert_stored_is_truth(service, "lab")


@pytest.mark.parametrize("name", list(LASTING))
def test_a_lasting_fault_ends_the_job_with_a_clear_error(service, name):
    before = [of_one_state(lambda: [service.ask(name, path) for name in ("a", "b")], by="etag")[0].json() for path in LISTS]
    change(service)
    service.github.faults(rule(name, LASTING[name], {**SEARCH, "regex": "topic:lab"}))
    answer = service.collect("lab")
    assert answer.status in (500, 502, 503) and answer.headers["content-type"].startswith("application/problem+json"), answer.text
    job = service.job(answer.headers["location"])
    assert job["state"] == "failed" and job["finished_at"] and job["error"]["code"] and "lab" in job["error"]["message"]
    for replica in ("a", "b"):
        assert [service.ask(replica, path).json() for path in LISTS] == before
    service.eventually("/api/v1/topics/lab", lambda answer: answer.json()["data"]["last_error"])
    service.github.faults()
    service.collected("lab")
    assert_stored_is_truth(service, "lab")
    service.eventually("/api/v1/topics/lab", lambda answer: answer.json()["data"]["last_error"] is None)


def test_one_topics_trouble_does_not_keep_the_others(service):
    row = by_stars(service.github.truth("shelf"))[0]
    service.github.mutate({"op": "set", "repository": row["id"], "stargazers_count": row["stargazers_count"] + 1})
    service.github.faults({"kind": "error", "status": 500, **SEARCH, "regex": "topic:lab"})
    service.collect("lab", "shelf")
    assert_stored_is_truth(service, "shelf")
    service.github.faults()
    service.collected("lab")


def test_a_github_that_says_nothing_is_given_up(service):
    service.github.faults({"kind": "hang", "seconds": 120, **PAGE_2_OF_LAB, "count": 1})
    began = time.monotonic()
    answer = service.collect("lab", wait=60)
    assert time.monotonic() - began < 45
    assert answer.status == 200, answer.text
    assert_stored_is_truth(service, "lab")


def test_a_github_that_is_not_there(service):
    before = service.ask("a", "/db/lab").json()
    service.github.stop()
    try:
        answer = service.collect("lab")
        assert answer.status == 503, answer.text
        assert service.job(answer.headers["location"])["state"] == "failed"
        assert service.ask("a", "/db/lab").json() == before
        assert service.get("/readyz").status == 200
    finally:
        service.github.start()  # its world begins anew
    service.collected("lab", "shelf", "docker")
    assert_stored_is_truth(service, "lab", "shelf")


def test_a_stop_does_not_wait_for_github(service):
    """A replica that hangs in a request to GitHub still ends in time."""
    service.github.faults({"kind": "hang", "seconds": 60, **SEARCH, "count": 1})
    service.make_due("lab")
    since = service.github.count()
    started = service.admin("POST", "/maintenance/collect")
    wait_for_search(service.github, since)
    leader = service.job(started.headers["location"])["replica"]
    began = time.monotonic()
    service.restart_part(leader)
    assert time.monotonic() - began < 8
    assert service.job(started.headers["location"])["state"] in ("failed", "abandoned")
    service.collected("lab")
    assert_stored_is_truth(service, "lab")


# ---- Limits. GitHub asks for at least a minute of silence here, which a test takes away from the database at its end.

@pytest.fixture
def limited(service):
    yield service
    service.github.faults()
    service.github.limits(reset=True)
    for replica in ("a", "b"):  # ends a run that waits
        service.restart_replica(replica)
    service.sql("DELETE FROM rate_budgets")
    service.collected("lab")
    assert_stored_is_truth(service, "lab")


@pytest.mark.parametrize("values", [{"kind": "secondary_limit", "retry_after": 90}, {"kind": "secondary_limit", "status": 429, "retry_after": None},
                                    {"kind": "primary_limit", "reset_seconds": 300}], ids=["retry-after", "no-retry-after", "reset"])
def test_github_is_left_alone_as_long_as_it_asks(limited, values):
    since = limited.github.count()
    limited.github.faults({**values, **SEARCH, "count": 1})
    answer = limited.collect("lab", wait=30)
    assert answer.status == 200, answer.text
    assert "limit" in answer.json()["data"]["step"].lower()
    for replica in ("a", "b"):
        again = limited.control(replica, "/maintenance/collect?wait=10")
        assert again.status == 200 and "limit" in again.json()["data"]["step"].lower()
    assert len(limited.github.requests(path="/", since=since)) == 1
    assert_stored_is_truth(limited, "lab")
