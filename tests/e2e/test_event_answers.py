"""/api/v1's numbers about three real hours equal an independent recount of the same files (tests/support/recount.py).

The service's clock stands at 2015-01-01T04:00Z and ticks: windows of whole minutes begin between two seconds of the replay, so the
recount of a window is taken for the moment that the answer itself names.
"""

import collections
import csv
import io

import pytest
from contract import all_rows
from recount import Recount, intervals, moment, real_hours, seconds

pytestmark = pytest.mark.skipif(not real_hours(), reason="../shared/data/gharchive is not there")
V1 = "/api/v1"


@pytest.fixture(scope="module")
def hours():
    return Recount(real_hours())


def answer(stack, path):
    found = stack.get(V1 + path)
    assert found.status == 200, (path, found.status, found.text[:500])
    return found.json()


def same(one, other):
    return one is None and other is None or one == pytest.approx(other, abs=1e-6)


def busiest_names(hours, number):
    """Names of the repositories with the most events, of those whose name means them still."""
    names, holders = hours.names(), hours.holders()
    counts = collections.Counter(one.repository for one in hours.events)
    ordered = sorted(counts, key=lambda repository: (-counts[repository], repository))
    return [(repository, names[repository]) for repository in ordered if holders[names[repository].lower()] == repository][:number]


# ---- counts

def assert_counts(rows, recount):
    want = collections.defaultdict(dict)
    for (kind, action), number in recount.items():
        want[kind][action] = number
    assert {row["type"]: row["count"] for row in rows} == {kind: sum(actions.values()) for kind, actions in want.items()}
    for row in rows:
        told = {one["action"]: one["count"] for one in row["actions"]}
        assert told == {action: number for action, number in want[row["type"]].items() if action}


def test_counts_of_everything(replayed, hours):
    found = answer(replayed, "/events/counts")
    assert_counts(found["data"], hours.counts())
    assert found["meta"]["sample_size"] == len(hours.events)
    first = {row["type"]: row["first_at"] for row in found["data"]}
    for kind in first:
        assert first[kind] == moment(min(one.at for one in hours.select(type=kind)))


@pytest.mark.parametrize("minutes", [1, 7, 60, 61, 119, 120, 180, 239, 240, 1440])
def test_counts_of_the_last_minutes(replayed, hours, minutes):
    found = answer(replayed, f"/events/counts?minutes={minutes}")
    since = seconds(found["meta"]["window"]["from"])
    now = seconds(found["meta"]["window"]["to"])
    assert now - since == minutes * 60
    # The window begins within the second that the answer names: an event of that very second may be on either side.
    allowed = [hours.counts_by_type(since=edge) for edge in (since, since + 1)]
    assert {row["type"]: row["count"] for row in found["data"]} in allowed


def test_minutes_one_by_one(replayed, hours):
    found = answer(replayed, "/events/history?minutes=120")
    rows = found["data"]
    begins = [seconds(row["bucket"]) for row in rows]
    assert begins == list(range(begins[0], begins[0] + 7200, 60))
    for begin, row in zip(begins, rows):
        counted = hours.counts_by_type(since=begin, until=begin + 60)
        assert {kind: number for kind, number in row["counts"].items() if number} == counted
        assert row["total"] == sum(counted.values())
    assert found["meta"]["sample_size"] == sum(row["total"] for row in rows) > 5000
    pushes = answer(replayed, "/events/history?minutes=120&type=PushEvent")["data"]
    assert {row["bucket"]: row["counts"].get("PushEvent", 0) for row in pushes if row["total"]}.items() <= \
        {row["bucket"]: row["counts"]["PushEvent"] for row in rows}.items()


@pytest.mark.parametrize("filters", ["type=PullRequestEvent", "type=IssuesEvent&action=closed", "action=opened", "type=PushEvent"])
def test_counts_of_a_type_or_action(replayed, hours, filters):
    wanted = dict(part.split("=") for part in filters.split("&"))
    assert_counts(answer(replayed, f"/events/counts?{filters}")["data"], hours.counts(**wanted))


def test_counts_of_a_repository(replayed, hours):
    for repository, name in busiest_names(hours, 25):
        assert_counts(answer(replayed, f"/events/counts?repo={name}")["data"], hours.counts(repository=repository))
    repository, name = busiest_names(hours, 1)[0]
    found = answer(replayed, f"/events/counts?repo={name.upper()}&minutes=90")
    since = seconds(found["meta"]["window"]["from"])
    allowed = [hours.counts_by_type(repository=repository, since=edge) for edge in (since, since + 1)]
    assert {row["type"]: row["count"] for row in found["data"]} in allowed


# ---- intervals

def assert_intervals(found, times):
    want, data = intervals(times), found["data"]
    assert data["count"] == want["n"]
    assert same(data["mean_interval_seconds"], want["mean"]), data
    assert same(data["median_interval_seconds"], want["median"]), data
    assert same(data["p90_interval_seconds"], want["p90"]), data
    assert (data["first_at"], data["last_at"]) == (moment(min(times)), moment(max(times)))


def test_intervals_of_the_busiest_pairs(replayed, hours):
    names, holders = hours.names(), hours.holders()
    pairs = [(repository, kind) for repository, kind in hours.busiest_pairs(60) if holders[names[repository].lower()] == repository]
    assert len(pairs) >= 50
    for repository, kind in pairs[:50]:
        found = answer(replayed, f"/events/intervals?type={kind}&repo={names[repository]}")
        assert_intervals(found, [one.at for one in hours.select(repository=repository, type=kind)])


@pytest.mark.parametrize("filters", ["type=PublicEvent", "type=PullRequestEvent&action=opened", "type=IssuesEvent&action=reopened"])
def test_intervals_over_all_repositories(replayed, hours, filters):
    wanted = dict(part.split("=") for part in filters.split("&"))
    times = [one.at for one in hours.select(**wanted)]
    assert len(times) <= 500  # so that all of them are in the percentiles
    assert_intervals(answer(replayed, f"/events/intervals?{filters}"), times)


def test_means_stand_on_all_events_and_percentiles_on_the_newest_five_hundred(replayed, hours):
    times = sorted(one.at for one in hours.select(type="PushEvent"))
    found = answer(replayed, "/events/intervals?type=PushEvent")
    newest = intervals(times[-500:])
    assert found["data"]["count"] == len(times)
    assert same(found["data"]["mean_interval_seconds"], (times[-1] - times[0]) / (len(times) - 1))
    assert found["meta"]["percentile_sample_size"] == 499
    assert same(found["data"]["median_interval_seconds"], newest["median"])
    assert same(found["data"]["p90_interval_seconds"], newest["p90"])


# ---- repositories

@pytest.mark.parametrize("kind, least", [("PushEvent", 3), ("WatchEvent", 2), ("PullRequestEvent", 2), ("IssueCommentEvent", 5),
                                         ("GollumEvent", 1), ("PublicEvent", 1)])
def test_repositories_with_at_least_so_many(replayed, hours, kind, least):
    rows = all_rows(replayed.get, V1 + f"/events/repositories?type={kind}&min_count={least}&per_page=100")
    want = {repository: number for repository, number in hours.per_repository(kind).items() if number >= least}
    assert {row["id"]: row["count"] for row in rows} == want
    assert [(row["count"], row["id"]) for row in rows] == sorted(((n, i) for i, n in want.items()), key=lambda one: (-one[0], one[1]))
    names, holders = hours.names(), hours.holders()
    assert all(row["full_name"] == names[row["id"]] for row in rows if holders[names[row["id"]].lower()] == row["id"])


def test_repositories_of_the_last_minutes(replayed, hours):
    rows = all_rows(replayed.get, V1 + "/events/repositories?type=PushEvent&min_count=4&minutes=90&per_page=100")
    since = seconds(answer(replayed, "/events/repositories?type=PushEvent&min_count=4&minutes=90")["meta"]["window"]["from"])
    allowed = [{i: n for i, n in hours.per_repository("PushEvent", since=since + late).items() if n >= 4} for late in range(-120, 3)]
    assert {row["id"]: row["count"] for row in rows} in allowed


def test_published(replayed, hours):
    rows = all_rows(replayed.get, V1 + "/events/published?per_page=5")
    assert [(row["id"], row["published_at"]) for row in rows] == [(repository, moment(at)) for repository, at in hours.published()]


# ---- one repository

def test_events_of_a_repository(replayed, hours):
    for repository, name in busiest_names(hours, 10):
        rows = all_rows(replayed.get, V1 + f"/repos/{name}/events?per_page=30")
        want = sorted(hours.select(repository=repository), key=lambda one: (-one.at, -int(one.id), one.type))
        assert [row["id"] for row in rows] == [one.id for one in want]
        for row, one in zip(rows, want):
            assert (row["type"], row["created_at"], row["actor"]["id"], row["actor"]["login"]) == (
                one.type, moment(one.at), one.actor, one.login)
            assert row["repo"] == {"id": repository, "name": name, "url": row["repo"]["url"]}
            assert row["public"] is True


def test_events_of_a_type_and_time(replayed, hours):
    repository, name = busiest_names(hours, 1)[0]
    path = f"/repos/{name}/events?type=PushEvent&since=2015-01-01T01:00:00Z&until=2015-01-01T01:30:00Z&per_page=100"
    want = hours.select(repository=repository, type="PushEvent", since=seconds("2015-01-01T01:00:00Z"), until=seconds("2015-01-01T01:30:00Z"))
    assert {row["id"] for row in all_rows(replayed.get, V1 + path)} == {one.id for one in want}


def window(hours, repository, number):
    """The newest events of a repository, at most so many; ties at the edge are cut by id."""
    return sorted(hours.select(repository=repository), key=lambda one: (-one.at, -int(one.id), one.type))[:number]


@pytest.mark.parametrize("number", [500, 40, 7])
def test_activity_counts_within_the_window_first_and_by_type_then(replayed, hours, number):
    for repository, name in busiest_names(hours, 12):
        found = answer(replayed, f"/repos/{name}/activity?days=7&events={number}")
        inside = window(hours, repository, number)
        whole = len(hours.select(repository=repository))
        assert found["meta"]["sample_size"] == len(inside)
        assert found["meta"]["window"]["bound"] == ("events" if whole > number else "days")
        rows = {row["type"]: row for row in found["data"]}
        for kind, events in by_type(inside).items():
            want, row = intervals([one.at for one in events]), rows.pop(kind)
            assert (row["count"], row["actors"]) == (want["n"], len({one.actor for one in events}))
            assert same(row["mean_interval_seconds"], want["mean"]) and same(row["median_interval_seconds"], want["median"])
            assert same(row["p90_interval_seconds"], want["p90"])
            assert (row["first_at"], row["last_at"]) == (moment(min(one.at for one in events)), moment(max(one.at for one in events)))
        assert not rows


def by_type(events):
    found = collections.defaultdict(list)
    for one in events:
        found[one.type].append(one)
    return found


def test_hourly_history(replayed, hours):
    for repository, name in busiest_names(hours, 10):
        rows = answer(replayed, f"/repos/{name}/activity/history?bucket=hour&from=2015-01-01T00:00:00Z&to=2015-01-01T03:00:00Z")["data"]
        want = hours.history(repository, 3600)
        assert [row["bucket"] for row in rows] == [f"2015-01-01T0{hour}:00:00Z" for hour in range(4)]
        for row in rows:
            counts = {kind: number for (begin, kind), number in want.items() if moment(begin) == row["bucket"]}
            assert {kind: number for kind, number in row["counts"].items() if number} == counts
            assert row["total"] == sum(counts.values())


def test_a_table_holds_the_same_numbers(replayed, hours):
    rows = list(csv.DictReader(io.StringIO(replayed.get(V1 + "/events/counts?format=csv").text)))
    totals = {row["type"]: int(row["count"]) for row in rows if not row["action"]}
    assert totals == hours.counts_by_type()


# ---- names

def test_a_renamed_repository_redirects_to_its_last_name(replayed, hours):
    names, holders = hours.names(), hours.holders()
    renamed = {one.name: one.repository for one in hours.events
               if one.name.lower() != names[one.repository].lower() and holders[one.name.lower()] == one.repository}
    assert renamed
    for name, repository in sorted(renamed.items())[:20]:
        found = replayed.get(f"{V1}/repos/{name}/events?per_page=5")
        assert found.status == 301, (name, found.text[:300])
        assert found.headers["location"] == f"{V1}/repos/{names[repository]}/events?per_page=5"
        rows = all_rows(replayed.get, V1 + f"/repos/{names[repository]}/events?per_page=100")
        assert len(rows) == len(hours.select(repository=repository)), "events under the earlier name are its own"


def test_every_answer_says_that_it_is_a_replay(replayed):
    found = replayed.get(V1 + "/events/counts?minutes=5")
    assert found.json()["meta"]["replay_now"] == "2015-01-01T04:00:00Z"
    assert replayed.get("/readyz").json()["replay_now"] == "2015-01-01T04:00:00Z"
    assert replayed.get("/events").headers["x-replay-now"] == "2015-01-01T04:00:00Z"
