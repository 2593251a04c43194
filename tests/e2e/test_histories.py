"""/api/v1: a repository's popularity over time, through the proxy."""

import csv
import datetime
import io
import json

import pytest
from contract import assert_problem


@pytest.fixture(scope="module")
def kubernetes(service):
    """The truth of the topic of 2,400."""
    return service.github.truth("kubernetes")


def history(service, name, query=""):
    return service.get(f"/api/v1/repos/{name}/popularity/history{query}")


def test_the_history_ends_with_what_github_says_today(service, kubernetes):
    truth = kubernetes[0]
    answer = history(service, truth["full_name"])
    rows = answer.json()["data"]
    assert len(rows) == 91 and len({row["day"] for row in rows}) == 91 and [row["day"] for row in rows] == sorted(row["day"] for row in rows)
    last = rows[-1]
    assert [last[name] for name in ("stargazers_count", "forks_count", "open_issues_count")] == [
        truth[name] for name in ("stargazers_count", "forks_count", "open_issues_count")]
    assert last["observed"] is True
    assert answer.json()["meta"]["window"] == {"from": rows[0]["day"], "to": last["day"], "bound": "days"}


def test_a_history_has_a_row_for_each_day_also_before_anything_was_seen(service, kubernetes):
    answer = history(service, kubernetes[0]["full_name"], "?from=2024-02-27&to=2024-03-02")
    assert [row["day"] for row in answer.json()["data"]] == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]
    assert {(row["observed"], row["stargazers_count"], row["stars_change"]) for row in answer.json()["data"]} == {(False, None, None)}


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_a_history_in_other_formats_has_the_same_rows(service, kubernetes, name):
    query = "?from=2026-01-01&to=2026-01-05"
    rows = history(service, kubernetes[0]["full_name"], query).json()["data"]
    text = history(service, kubernetes[0]["full_name"], f"{query}&format={name}").body.decode()
    if name == "ndjson":
        assert [json.loads(line) for line in text.splitlines()] == rows
    else:
        lines = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [line["day"] for line in lines] == [row["day"] for row in rows]


def test_a_long_history_is_sent_as_it_is_made(service, kubernetes):
    name, today = kubernetes[0]["full_name"], history(service, kubernetes[0]["full_name"]).json()["data"][-1]["day"]
    answer = history(service, name, f"?from=2010-01-01&to={today}&format=csv")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in answer.headers and "content-length" not in answer.headers
    lines = answer.body.decode().split("\r\n")
    days = (datetime.date.fromisoformat(today) - datetime.date(2010, 1, 1)).days + 1
    assert lines[0].startswith("day,") and lines[-1] == "" and len(lines) == days + 2
    assert lines[-2] == history(service, name, f"?from={today}&to={today}&format=csv").body.decode().split("\r\n")[1]
    assert assert_problem(history(service, name, f"?from=2010-01-01&to={today}"), 400)["errors"][0]["parameter"] == "from"
    assert service.request("HEAD", f"/api/v1/repos/{name}/popularity/history?from=2010-01-01&format=csv").status == 200


@pytest.mark.parametrize("query, names", [
    ("?from=yesterday", ["from"]), ("?from=2026-02-30", ["from"]), ("?from=2026-1-1", ["from"]), ("?to=2026-13-01", ["to"]),
    ("?from=2026-02-02&to=2026-02-01", ["from"]), ("?from=1000-01-01&to=2026-01-01", ["from"]),
    ("?from=x&to=y&days=3", ["days", "from", "to"]), ("?from=", ["from"])])
def test_a_day_that_is_none_is_400(service, kubernetes, query, names):
    answer = history(service, kubernetes[0]["full_name"], query)
    problem = assert_problem(answer, 400)
    assert sorted({error["parameter"] for error in problem["errors"]}) == names
