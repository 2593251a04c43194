"""The predecessors' event endpoints about three real hours: their numbers equal an independent recount of the same files.

The service's clock stands at 2015-01-01T04:00Z and ticks. The hour from 02:00 is missing from the files, so that a window which
begins in it holds the same events all through a run.
"""

import base64
import collections
import hashlib
import re
import xml.etree.ElementTree

import pytest
from contract import assert_problem
from recount import moment, real_hours, seconds

pytestmark = pytest.mark.skipif(len(real_hours()) < 3, reason="../shared/data/gharchive is not there")

COUNTED = ("PullRequestEvent", "WatchEvent", "IssuesEvent")
WINDOW = 75  # minutes: begins at 02:45
SINCE = seconds("2015-01-01T02:45:00Z")


@pytest.fixture(scope="module")
def hours(replayed):
    found = replayed.recount
    assert not found.select(since=seconds("2015-01-01T02:15:00Z"), until=seconds("2015-01-01T02:59:59Z"))
    return found


def body(stack, path):
    answer = stack.get(path)
    assert answer.status == 200, (path, answer.status, answer.text[:500])
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    return answer.json()


def names_that_hold(hours):
    """{repository id: its present name}, of those whose name is nobody else's since."""
    holders = hours.holders()
    return {number: name for number, name in hours.names().items() if holders[name.lower()] == number}


def some_with(hours, number, **filters):
    """Ids of the repositories with the most such events, and one without any."""
    counts = collections.Counter(one.repository for one in hours.select(**filters))
    held = names_that_hold(hours)
    ordered = sorted((one for one in counts if one in held), key=lambda one: (-counts[one], one))
    assert counts[ordered[0]] > 1
    return ordered[:number] + ordered[-1:] + [next(one for one in held if one not in counts)]


# ---- GET /pull_requests/{repo_id}, GET /api/metrics/average_pr_time/{owner}/{repo}

def test_the_time_between_opened_pull_requests(replayed, hours):
    for repository in some_with(hours, 20, type="PullRequestEvent", action="opened"):
        mean = hours.intervals(repository=repository, type="PullRequestEvent", action="opened")["mean"]
        answer = body(replayed, f"/pull_requests/{repository}")
        assert answer == {"avg_time": pytest.approx(mean or 0.0)}
        assert isinstance(answer["avg_time"], float)


def test_the_time_between_pull_request_events_in_whole_seconds(replayed, hours):
    names = names_that_hold(hours)
    for repository in some_with(hours, 20, type="PullRequestEvent"):
        mean = hours.intervals(repository=repository, type="PullRequestEvent")["mean"]
        wanted = {"Time": -1 if mean is None else int(mean)}
        name = names[repository]
        for path in (name, name.upper(), name.replace("/", "%2F"), name + "/"):
            assert body(replayed, f"/api/metrics/average_pr_time/{path}") == wanted, path


def test_who_is_unknown_has_no_time_between_events(replayed):
    assert body(replayed, "/pull_requests/999999999999") == {"avg_time": 0.0}
    assert body(replayed, "/api/metrics/average_pr_time/nobody-at-all/nothing") == {"Time": -1}
    assert_problem(replayed.get("/pull_requests/linux"), 404)


# ---- GET /events, GET /api/metrics/event_counts/{minutes}, …/events_per_minute_image/{minutes}

def test_counts_of_all_times(replayed, hours):
    counts = hours.counts_by_type()
    wanted = {kind: counts[kind] for kind in (*COUNTED, "PublicEvent")}
    for path in ("/events", "/events/", "/events?offset=0", "/events?offset=1000", "/events?made_up=1"):
        assert body(replayed, path) == wanted, path


def test_counts_of_the_last_minutes(replayed, hours):
    counts = hours.counts_by_type(since=SINCE)
    assert body(replayed, f"/events?offset={WINDOW}") == {kind: counts[kind] for kind in (*COUNTED, "PublicEvent")}
    assert body(replayed, f"/api/metrics/event_counts/{WINDOW}") == {kind: counts[kind] for kind in COUNTED}


def test_a_read_changes_nothing(replayed, hours):
    for _ in range(3):
        body(replayed, "/events?offset=1")
        assert body(replayed, "/events?offset=0")["WatchEvent"] == hours.counts_by_type()["WatchEvent"]


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "ten", "%20"])
def test_an_offset_that_is_no_number_of_minutes_is_400(replayed, offset):
    assert_problem(replayed.get(f"/events?offset={offset}"), 400)


@pytest.mark.parametrize("minutes, status", [("121", 400), ("9" * 21, 400), ("-1", 404), ("ten", 404), ("1.5", 404)])
def test_minutes_out_of_range_are_400_and_no_minutes_404(replayed, minutes, status):
    assert_problem(replayed.get(f"/api/metrics/event_counts/{minutes}"), status)
    picture = replayed.get(f"/api/metrics/events_per_minute_image/{minutes}")
    assert picture.status == status
    assert picture.headers["content-type"].split(";")[0] == "image/svg+xml"
    assert str(status) in "".join(xml.etree.ElementTree.fromstring(picture.body).itertext())


def test_the_picture_shows_events_per_minute_by_type(replayed, hours):
    answer = replayed.get(f"/api/metrics/events_per_minute_image/{WINDOW}")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "image/svg+xml")
    picture = xml.etree.ElementTree.fromstring(answer.body)
    space = "{http://www.w3.org/2000/svg}"
    counts = hours.counts_by_type(since=SINCE)
    words = picture.find(space + "desc").text
    assert [int(number) for number in re.findall(r"\w+Event: (\d+)\.", words)] == [
        counts[kind] for kind in ("PullRequestEvent", "IssuesEvent", "WatchEvent")]
    assert {*COUNTED} <= {text.text for text in picture.iter(space + "text")}
    assert picture.find(space + "title").text
    assert not list(picture.iter(space + "script"))
    assert_style_is_allowed(answer, picture.find(space + "style").text)


def assert_style_is_allowed(answer, style):
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    assert "unsafe" not in policy and "script-src" not in policy


# ---- GET /public_repositories

def test_all_repositories_made_public(replayed, hours):
    names, held = hours.names(), names_that_hold(hours)
    published = {number for number, _ in hours.published()}
    listed = body(replayed, "/public_repositories")
    assert list(listed) == ["public_repositories"]
    found = listed["public_repositories"]
    assert len(found) == len(set(found))
    assert {held[number] for number in published if number in held} <= set(found) <= {names[number] for number in published}


# ---- GET /metrics/event-avg-time

@pytest.mark.parametrize("kind", ["", "PullRequestEvent", "WatchEvent", "IssuesEvent", "PushEvent", "GollumEvent", "PublicEvent"])
@pytest.mark.parametrize("action", ["", "opened", "Started", "CLOSED"])
def test_the_average_time_between_events(replayed, hours, kind, action):
    filters = {"type": kind or "PullRequestEvent", "action": action.lower() or None}
    selected = hours.select(**filters)
    answer = replayed.get(f"/metrics/event-avg-time?event_type={kind}&action={action}&repository_name=")
    if len(selected) < 2:
        problem = assert_problem(answer, 400)
        assert {"repository_name", "action", "event_type", "error"} <= set(problem)
        return
    mean = hours.intervals(**filters)["mean"]
    assert answer.json() == {"oldest_event_time": moment(min(one.at for one in selected)), "repository_name": "all",
                             "events_count": len(selected), "avg_time": pytest.approx(mean, abs=0.0051)}
    assert answer.json()["avg_time"] == round(answer.json()["avg_time"], 2)


def test_the_average_time_in_one_repository(replayed, hours):
    names = names_that_hold(hours)
    for repository in some_with(hours, 10, type="IssuesEvent"):
        selected = hours.select(repository=repository, type="IssuesEvent")
        name = names[repository]
        path = "/metrics/event-avg-time?event_type=IssuesEvent&repository_name="
        answers = [replayed.get(path + one) for one in (name, name.upper())]
        if len(selected) < 2:
            assert [assert_problem(answer, 400)["event_type"] for answer in answers] == ["IssuesEvent"] * 2
            continue
        for answer in answers:
            assert answer.status == 200, answer.text
            assert answer.json()["events_count"] == len(selected)
            assert answer.json()["repository_name"] == name


@pytest.mark.parametrize("kind", ["Nonsense", "pullrequestevent", "Pull%20Request", "'%3B--"])
@pytest.mark.parametrize("path", ["/metrics/event-avg-time", "/metrics/multiple-events-repos", "/visualization/event-avg-time"])
def test_a_type_that_nobody_knows_is_422(replayed, path, kind):
    problem = assert_problem(replayed.get(f"{path}?event_type={kind}"), 422)
    assert [error["parameter"] for error in problem["errors"]] == ["event_type"]


# ---- GET /metrics/events-total-count

@pytest.mark.parametrize("action", [None, "opened", "STARTED", "no_such_action"])
def test_total_counts_of_the_last_seconds(replayed, hours, action):
    selected = [one for one in hours.select(since=SINCE, action=action and action.lower()) if one.type in COUNTED]
    counts = collections.Counter(one.type for one in selected)
    answer = body(replayed, f"/metrics/events-total-count?offset={WINDOW * 60}" + (f"&action={action}" if action else ""))
    assert answer == {
        "oldest_event_time": moment(min(one.at for one in selected)) if selected else None, "repository_name": "all",
        "events_count": {"pr_event": counts["PullRequestEvent"], "watch_event": counts["WatchEvent"],
                         "issue_event": counts["IssuesEvent"], "total": len(selected)}}


def test_total_counts_of_one_repository(replayed, hours):
    names = names_that_hold(hours)
    for repository in some_with(hours, 10, type="WatchEvent", since=SINCE):
        counts = hours.counts_by_type(since=SINCE, repository=repository)
        answer = body(replayed, f"/metrics/events-total-count?offset={WINDOW * 60}&repository_name={names[repository].lower()}")
        assert answer["events_count"]["watch_event"] == counts["WatchEvent"]
        assert answer["events_count"]["total"] == sum(counts[kind] for kind in COUNTED)


@pytest.mark.parametrize("query", ["", "?offset=", "?offset=0", "?offset=-1", "?offset=1.5", "?offset=x", "?action=opened"])
@pytest.mark.parametrize("path", ["/metrics/events-total-count", "/visualization/events-total-count"])
def test_an_offset_is_needed_and_a_number_of_seconds(replayed, path, query):
    assert_problem(replayed.get(path + query), 422)


# ---- GET /metrics/multiple-events-repos

@pytest.mark.parametrize("kind", ["PushEvent", "WatchEvent", "PullRequestEvent", "ReleaseEvent"])
@pytest.mark.parametrize("more_than", [None, 0, 1, 5, 1000])
def test_repositories_with_more_events_than_a_number(replayed, hours, kind, more_than):
    bound = 2 if more_than is None else more_than
    names, held = hours.names(), names_that_hold(hours)
    counts = {number: count for number, count in hours.per_repository(kind).items() if count > bound}
    query = f"event_type={kind}" + ("" if more_than is None else f"&minimal_events_count={more_than}")
    answer = body(replayed, f"/metrics/multiple-events-repos?{query}")
    assert answer["event_type"] == kind
    found = answer["repositories"]
    assert {held[number]: count for number, count in counts.items() if number in held}.items() <= found.items()
    assert set(found) <= {names[number] for number in counts}
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.parametrize("number", ["two", "1.5", "-1"])
def test_a_number_of_events_that_is_none_is_422(replayed, number):
    assert_problem(replayed.get(f"/metrics/multiple-events-repos?event_type=PushEvent&minimal_events_count={number}"), 422)


# ---- GET /visualization/...

@pytest.mark.parametrize("path", [
    "/visualization/event-avg-time", "/visualization/event-avg-time?event_type=WatchEvent&action=started",
    "/visualization/event-avg-time?repository_name=nobody/nothing", f"/visualization/events-total-count?offset={WINDOW * 60}",
    "/visualization/events-total-count?offset=1&repository_name=nobody/nothing"])
def test_a_page_has_a_graph_and_no_script(replayed, path):
    answer = replayed.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<svg " in answer.text and "<script" not in answer.text and "style=\"" not in answer.text
    assert_style_is_allowed(answer, re.search("<style>(.*?)</style>", answer.text, re.S).group(1))
    assert ("There are no" in answer.text) == ("nobody" in path)


def test_the_page_of_counts_has_the_numbers(replayed, hours):
    page = replayed.get(f"/visualization/events-total-count?offset={WINDOW * 60}").text
    counts = hours.counts_by_type(since=SINCE)
    for kind in COUNTED:
        assert f"<th scope=\"row\">{kind}</th><td>{counts[kind]:,}</td>" in page


# ---- GET /api/repos/...

def test_no_repository_is_tracked(replayed):
    assert body(replayed, "/api/repos/") == body(replayed, "/api/repos/active/") == []


def test_the_events_of_a_repository_page_by_page(replayed, hours):
    names = names_that_hold(hours)
    repository = some_with(hours, 1, type="WatchEvent")[0]
    wanted = sorted(hours.select(repository=repository), key=lambda one: (-one.at, -int(one.id), one.type))
    found, path, steps = [], f"/api/repos/{names[repository]}/events/?per_page=7", 0
    while path and steps < 200:
        answer = replayed.get(path)
        assert answer.status == 200, answer.text
        found += answer.json()
        links = dict((name, target) for target, name in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", "")))
        assert ("prev" in links) == ("first" in links) == (steps > 0)
        assert ("next" in links) == ("last" in links)
        path, steps = links.get("next"), steps + 1
    assert [(one["id"], one["type"], one["created_at"]) for one in found] == [
        (one.id, one.type, moment(one.at)) for one in wanted]
    assert {one["repo"]["id"] for one in found} == {repository}
    assert {one["repo"]["name"] for one in found} == {names[repository]}
    assert [one["actor"]["login"] for one in found] == [one.login for one in wanted]


def test_the_average_time_between_events_of_each_type(replayed, hours):
    names = names_that_hold(hours)
    for repository, _ in hours.busiest_pairs(10):
        if repository not in names:
            continue
        newest = sorted(hours.select(repository=repository), key=lambda one: (-one.at, -int(one.id), one.type))[:500]
        counts = collections.Counter(one.type for one in newest)
        answer = {row["type"]: row for row in body(replayed, f"/api/repos/{names[repository]}/events/stats/")}
        assert {kind: row["count"] for kind, row in answer.items()} == dict(counts)
        for kind, row in answer.items():
            times = sorted(one.at for one in newest if one.type == kind)
            mean = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else None
            assert row["average_seconds"] == (None if mean is None else pytest.approx(mean)), (names[repository], kind)
            assert body(replayed, f"/api/repos/{names[repository]}/events/stats?type={kind}") == [row]


@pytest.mark.parametrize("path", ["/events/", "/events/stats/"])
def test_the_events_of_who_is_unknown_are_404(replayed, path):
    assert_problem(replayed.get("/api/repos/nobody-at-all/nothing" + path), 404)


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "per_page=0", "page=100000", "type=", "type=a-b"])
def test_a_page_that_cannot_be_is_400(replayed, hours, query):
    name = next(iter(names_that_hold(hours).values()))
    assert_problem(replayed.get(f"/api/repos/{name}/events/?{query}"), 400)


@pytest.mark.parametrize("path", ["/api/repos/", "/api/repos/a/b/activate", "/api/repos/a/b/deactivate"])
def test_changing_what_is_tracked_needs_the_key(replayed, path):
    assert_problem(replayed.request("POST", path, body={"repos": ["a/b"]}), 401)
    assert_problem(replayed.request("POST", path, {"X-API-Key": "wrong"}, {"repos": ["a/b"]}), 403)


@pytest.mark.parametrize("wrong", [{}, [], {"repos": []}, {"repos": "a/b"}, {"repos": ["a"]}, {"repos": [7]}])
def test_a_body_without_names_is_400(replayed, wrong):
    assert_problem(replayed.admin("POST", "/api/repos/", wrong), 400)


def test_what_was_never_tracked_cannot_be_stopped(replayed, hours):
    name = next(iter(names_that_hold(hours).values()))
    assert_problem(replayed.admin("POST", f"/api/repos/{name}/deactivate"), 404)
    assert_problem(replayed.admin("POST", "/api/repos/nobody-at-all/nothing/deactivate"), 404)
