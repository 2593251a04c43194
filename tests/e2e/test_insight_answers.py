"""What /api/v1 says of trends, health and comparisons of three real hours equals an independent recount (tests/support/recount.py).

The formulas are written here anew, from their sources: OSS Insight's score, CHAOSS's definitions.
"""

import collections
import csv
import datetime
import io

import pytest
from contract import all_pages, all_rows
from recount import Recount, quantile, real_hours, seconds

pytestmark = pytest.mark.skipif(len(real_hours()) < 3, reason="../shared/data/gharchive is not there")
V1 = "/api/v1"


@pytest.fixture(scope="module")
def hours():
    return Recount(real_hours())


def answer(stack, path, status=200):
    found = stack.get(V1 + path)
    assert found.status == status, (path, found.status, found.text[:500])
    return found.json()


def same(one, other):
    return one is None and other is None or one == pytest.approx(other, abs=1e-6)


def held_names(hours):
    """{repository id: its present name}, of those whose name is nobody else's since."""
    holders = hours.holders()
    return {number: name for number, name in hours.names().items() if holders[name.lower()] == number}


# ---- trending

def trending(hours, begin, end):
    """What should be answered of the window, in order; nothing is known of any repository but its events."""
    stars, forks = collections.defaultdict(list), collections.defaultdict(list)
    for kind, found in (("WatchEvent", stars), ("ForkEvent", forks)):
        for one in hours.select(type=kind, since=begin):
            found[one.repository].append(one)
    rows = []
    for repository, starred in stars.items():
        events = starred + forks[repository]
        if len(starred) <= 5 or len({(one.type, one.actor) for one in events}) <= 0.9 * len(events):
            continue
        place = {one: min(1, (one.at - begin) / (end - begin)) for one in events}
        parts = {"stars": sum(2 + 3 * place[one] for one in starred), "forks": sum(1 + 3 * place[one] for one in forks[repository]), "age": 0}
        rows.append({"id": repository, "score": sum(parts.values()), "stars": len(starred), "forks": len(forks[repository]),
                     "actors": len({(one.type, one.actor) for one in events}), "components": parts})
    return sorted(rows, key=lambda row: (-round(row["score"] * 1e6), row["id"]))


@pytest.mark.parametrize("window, page", [(24, 100), (5, 100), (3, 2), (1, 100), (168, 3)])
def test_trending_with_its_components(replayed, hours, window, page):
    answers = all_pages(replayed.get, V1 + f"/trending?hours={window}&explain=true&per_page={page}")
    rows, meta = [row for one in answers for row in one.json()["data"]], answers[-1].json()["meta"]
    begin, end = seconds(meta["window"]["from"]), seconds(meta["window"]["to"])
    assert end - begin == window * 3600 and meta["window"]["hours"] == window and meta["window"]["bound"] == "hours"
    want = trending(hours, begin, end)
    assert len(want) > 5 or window == 1
    assert [row["id"] for row in rows] == [row["id"] for row in want]
    assert [row["rank"] for row in rows] == list(range(1, len(want) + 1))
    names = held_names(hours)
    for row, wanted in zip(rows, want):
        assert (row["stars"], row["forks"], row["actors"]) == (wanted["stars"], wanted["forks"], wanted["actors"])
        assert same(row["score"], wanted["score"])
        assert all(same(row["components"][part], wanted["components"][part]) for part in ("stars", "forks", "age"))
        assert (row["age_years"], row["pushed_at"], row["stargazers_count"]) == (None, None, None)
        if row["id"] in names:
            assert (row["full_name"], row["html_url"]) == (names[row["id"]], "https://github.com/" + names[row["id"]])
    counted = hours.counts_by_type(since=begin)
    assert meta["sample_size"] == counted["WatchEvent"] + counted["ForkEvent"]


def test_one_actor_who_stars_again_and_again_does_not_make_a_trend(replayed, hours):
    everything = trending(hours, seconds("2014-12-31T00:00:00Z"), seconds("2015-01-01T04:00:00Z"))
    stars = hours.per_repository("WatchEvent")
    left_out = {number for number, count in stars.items() if count > 5} - {row["id"] for row in everything}
    rows = all_rows(replayed.get, V1 + "/trending?hours=168&per_page=100")
    assert {row["id"] for row in rows}.isdisjoint(left_out)


def test_trending_as_a_table_and_as_lines(replayed):
    rows = answer(replayed, "/trending?per_page=5")["data"]
    table = list(csv.DictReader(io.StringIO(replayed.get(V1 + "/trending?per_page=5&format=csv").text)))
    assert [(row["rank"], row["id"], row["stars"]) for row in table] == [(str(row["rank"]), str(row["id"]), str(row["stars"])) for row in rows]
    lines = replayed.get(V1 + "/trending?per_page=5&format=ndjson").text.splitlines()
    assert len(lines) == len(rows) == 5


# ---- health

def health(hours, repository):
    """CHAOSS's metrics of everything that is there."""
    events = hours.select(repository=repository)
    people = [one for one in events if not is_bot(one.login)]
    work = collections.Counter(one.actor for one in people if is_contribution(one))
    counts = sorted(work.values(), reverse=True)
    factor = next((n for n in range(1, len(counts) + 1) if 2 * sum(counts[:n]) >= sum(counts)), None)
    requests = [one for one in events if one.type == "PullRequestEvent"]
    opened = sum(one.action == "opened" for one in requests)
    closed = sum(one.action in ("closed", "merged") for one in requests)
    return {"factor": factor, "contributors": len(counts), "contributions": sum(counts), "opened": opened, "closed": closed,
            "issues": responses(people, "IssuesEvent"), "change_requests": responses(people, "PullRequestEvent")}


# Accounts of well-known services that do something in the three hours.
SERVICES = {"bors", "coveralls", "gitter-badger", "rust-highfive"}


def is_bot(login):
    return login.lower().endswith(("[bot]", "-bot", "_bot")) or login in SERVICES


def is_contribution(one):
    if one.type in ("PushEvent", "CommitCommentEvent"):
        return True
    wanted = {"IssuesEvent": "opened", "PullRequestEvent": "opened", "IssueCommentEvent": "created", "PullRequestReviewCommentEvent": "created"}
    return wanted.get(one.type) == one.action != ""


def number_of(one):
    payload = one.raw["payload"]
    return payload.get("number") or (payload.get("issue") or payload.get("pull_request") or {}).get("number")


def responses(people, kind):
    waits, opened = [], 0
    numbers = [(one, number_of(one)) for one in people]
    for one, number in numbers:
        if one.type == kind and one.action == "opened":
            opened += 1
            answers = [other.at for other, about in numbers if about == number and other.actor != one.actor and other.at >= one.at]
            waits += [min(answers) - one.at] if answers else []
    return opened, sorted(waits)


def busiest(hours, number, kinds):
    counts = collections.Counter(one.repository for one in hours.events if one.type in kinds)
    names = held_names(hours)
    return [(one, names[one]) for one in sorted(counts, key=lambda one: (-counts[one], one)) if one in names][:number]


def assert_health(data, want):
    factor, ratio = data["contributor_absence_factor"], data["change_request_closure_ratio"]
    assert (factor["value"], factor["contributors"], factor["contributions"]) == (want["factor"], want["contributors"], want["contributions"])
    assert (ratio["opened"], ratio["closed"]) == (want["opened"], want["closed"])
    assert same(ratio["value"], want["closed"] / want["opened"] if want["opened"] else None)
    for what in ("issues", "change_requests"):
        opened, waits = want[what]
        told = data["time_to_first_response"][what]
        assert (told["opened"], told["answered"]) == (opened, len(waits))
        assert same(told["mean_seconds"], sum(waits) / len(waits) if waits else None)
        assert same(told["median_seconds"], quantile(waits, 0.5) if waits else None)
        assert same(told["p90_seconds"], quantile(waits, 0.9) if waits else None)


def test_health_of_the_busiest(replayed, hours):
    answered = 0
    work = {"PushEvent", "IssuesEvent", "PullRequestEvent", "IssueCommentEvent"}
    for repository, name in busiest(hours, 40, work) + busiest(hours, 40, {"IssuesEvent"}) + busiest(hours, 40, {"PullRequestEvent"}):
        found = answer(replayed, f"/repos/{name}/health")
        want = health(hours, repository)
        assert_health(found["data"], want)
        answered += len(want["issues"][1]) + len(want["change_requests"][1])
        assert found["meta"]["repository"] == name and found["meta"]["window"]["bound"] == "days"
    assert answered > 20, "the real hours hold answers to issues and pull requests"


def test_when_people_work(replayed, hours):
    for repository, name in busiest(hours, 10, {"PushEvent"}):
        times = answer(replayed, f"/repos/{name}/health?days=3")["data"]["activity_dates_and_times"]
        moments = [datetime.datetime.fromtimestamp(one.at, datetime.timezone.utc) for one in hours.select(repository=repository)]
        hour, weekday = collections.Counter(at.hour for at in moments), collections.Counter(at.weekday() for at in moments)
        assert times["by_hour"] == [hour[i] for i in range(24)]
        assert times["by_weekday"] == [weekday[i] for i in range(7)]
        assert times["by_weekday_and_hour"][3] == times["by_hour"], "2015-01-01 was a Thursday"
        assert times["events"] == len(moments)


# ---- compare

def test_compared_event_by_event(replayed, hours):
    chosen = busiest(hours, 20, {"PushEvent", "WatchEvent"})
    names = ",".join(name for _, name in chosen)
    found = answer(replayed, f"/compare?repos={names}&from=2014-12-31&to=2015-01-01")
    assert [row["full_name"] for row in found["data"]] == [name for _, name in chosen]
    for row, (repository, _) in zip(found["data"], chosen):
        count = len(hours.select(repository=repository))
        assert (row["id"], row["events"]) == (repository, count)
        assert [(day["day"], day["events"]) for day in row["series"]] == [("2014-12-31", 0), ("2015-01-01", count)]
        assert all(day["stargazers_count"] is None for day in row["series"])
    assert found["meta"]["sample_size"] == sum(row["events"] for row in found["data"])
    table = list(csv.DictReader(io.StringIO(replayed.get(f"{V1}/compare?repos={names}&from=2014-12-31&to=2015-01-01&format=csv").text)))
    assert [(row["full_name"], row["day"], int(row["events"])) for row in table] == [
        (row["full_name"], day["day"], day["events"]) for row in found["data"] for day in row["series"]]


def test_an_earlier_name_is_compared_under_the_present_one(replayed, hours):
    names, holders = hours.names(), hours.holders()
    earlier, repository = next((one.name, one.repository) for one in hours.events
                               if one.name.lower() != names[one.repository].lower() and holders[one.name.lower()] == one.repository)
    row = answer(replayed, f"/compare?repos={earlier}")["data"][0]
    assert (row["id"], row["full_name"]) == (repository, names[repository])


def test_all_that_nobody_knows_are_named_together(replayed, hours):
    _, name = busiest(hours, 1, {"PushEvent"})[0]
    detail = answer(replayed, f"/compare?repos=no-body/nothing,{name},no-body/else", 404)["detail"]
    assert "no-body/nothing, no-body/else" in detail and name not in detail
