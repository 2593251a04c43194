"""Collecting: in step with what happens to repositories on GitHub, within its limits."""

import datetime
import http.server
import itertools
import threading
import time

import pytest
from contract import assert_problem, assert_served_is_truth, by_stars, moment, served
from service import TOKEN, Service
from simulated import SimulatedGitHub, searches_of
from stack import wait_until

LAB = "/api/v1/topics/lab/repositories"


@pytest.fixture(scope="module")
def service(small_service):
    return small_service


UNTOUCHED = itertools.count(10)


@pytest.fixture
def lab(service):
    """A repository of the topic that tests may change, another one for each test."""
    rows = [row for row in service.github.truth("lab") if not row["archived"]]
    return rows[next(UNTOUCHED)]


def repository(service, name, replica="a"):
    return service.ask(replica, f"/api/v1/repos/{name}")


# ---- Asking GitHub

def test_github_is_asked_politely(service):
    since = service.github.count()
    service.collected("shelf", "lab")
    entries = service.github.requests(path="/", since=since)
    assert entries and service.github.active_max() == 1
    for entry in entries:
        assert entry["status"] == 200 and entry["authorization"] == f"Bearer {TOKEN}"
        assert entry["headers"]["accept"] == "application/vnd.github+json"
        assert entry["headers"]["x-github-api-version"] == "2022-11-28"
        assert "repopulse" in entry["headers"]["user-agent"].lower()
        assert int(entry["params"]["per_page"]) == 100 and len(entry["params"]["q"]) <= 256


def test_what_is_not_due_is_not_asked_for(service):
    since = service.github.count()
    assert service.maintenance("collect").json()["data"]["counts"].get("topics_due", 0) == 0
    assert service.github.requests(path="/", since=since) == []


def test_two_replicas_told_to_collect_at_once_do_it_once(service):
    service.make_due("lab", "docker")
    since, answers = service.github.count(), {}
    service.github.faults({"kind": "delay", "seconds": 0.1, "path": "/search"})
    try:
        calls = [threading.Thread(target=lambda name=name: answers.update({name: service.control(name, "/maintenance/collect?wait=60")}))
                 for name in ("a", "b")]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
    finally:
        service.github.faults()
    assert [answer.status for answer in answers.values()] == [200, 200]
    assert len({answer.json()["data"]["id"] for answer in answers.values()}) == 1
    asked = [(entry["params"]["q"], entry["params"].get("page")) for entry in service.github.requests(since=since)]
    assert len(asked) == len(set(asked)) == 3 + 9


# ---- Repositories change

def test_counts_and_texts_follow(service, lab):
    service.github.mutate({"op": "set", "repository": lab["id"], "stargazers_count": 123_456, "forks_count": 77, "open_issues_count": 3,
                           "description": "new words", "language": "Zig", "pushed_at": "2026-02-03T04:05:06Z"})
    service.collected("lab")
    assert_served_is_truth(service, "lab")
    service.eventually("/api/popularity/lab", lambda answer: answer.json()[0]["id"] == lab["id"])
    first = service.ask("b", "/api/popularity/lab").json()[0]
    assert (first["stargazers_count"], first["pushed_at"]) == (123_456, "Tue, 03 Feb 2026 04:05:06 GMT")


@pytest.mark.parametrize("operation", [{"op": "rename", "name": "a-new-name"}, {"op": "transfer", "owner": "new-owner"}])
def test_a_renamed_or_transferred_repository_answers_301_to_its_new_name(service, lab, operation):
    [moved] = service.github.mutate({**operation, "repository": lab["id"]})
    service.collected("lab")
    assert_served_is_truth(service, "lab")
    for rest in ("", "/popularity/history?from=2026-01-01&to=2026-01-02"):
        service.eventually(f"/api/v1/repos/{lab['full_name']}{rest}", lambda answer: answer.status == 301)
        answer = service.get(f"/api/v1/repos/{lab['full_name']}{rest}")
        location = answer.headers["location"]
        assert location.startswith(f"/api/v1/repos/{moved['full_name']}{rest.partition('?')[0]}")
        assert service.get(location).status == 200
    assert repository(service, moved["full_name"]).json()["data"]["id"] == lab["id"]
    service.github.mutate({"op": "rename", "repository": lab["id"], "full_name": lab["full_name"]})
    service.collected("lab")
    assert_served_is_truth(service, "lab")
    service.eventually(f"/api/v1/repos/{lab['full_name']}", lambda answer: answer.status == 200)


def test_a_name_that_was_taken_over_means_its_present_holder(service, lab):
    [holder] = service.github.mutate({"op": "take_name", "full_name": lab["full_name"], "topic": "lab", "stargazers_count": 5})
    assert holder["id"] != lab["id"]
    service.collected("lab")
    assert_served_is_truth(service, "lab")
    path = f"/api/v1/repos/{lab['full_name']}"
    service.eventually(path, lambda answer: answer.status == 200 and answer.json()["data"]["id"] == holder["id"])
    former = service.github.repository(lab["id"])["full_name"]
    assert repository(service, former).json()["data"]["id"] == lab["id"]


def test_a_name_goes_round_in_a_ring(service):
    a, b, c = service.github.truth("lab")[5:8]
    service.github.mutate({"op": "rename", "repository": a["id"], "full_name": "ring/free"},
                          {"op": "rename", "repository": b["id"], "full_name": a["full_name"]},
                          {"op": "rename", "repository": c["id"], "full_name": b["full_name"]},
                          {"op": "rename", "repository": a["id"], "full_name": c["full_name"]})
    service.collected("lab")
    assert_served_is_truth(service, "lab")
    for name, holder in ((a["full_name"], b), (b["full_name"], c), (c["full_name"], a)):
        service.eventually(f"/api/v1/repos/{name}", lambda answer: answer.status == 200 and answer.json()["data"]["id"] == holder["id"])


@pytest.mark.parametrize("operation", [{"op": "delete"}, {"op": "block", "status": 451}, {"op": "block", "status": 404}, {"op": "remove_topic", "topic": "lab"}],
                         ids=["deleted", "blocked", "private", "left"])
def test_a_repository_that_is_gone_or_left_is_no_longer_ranked(service, lab, operation):
    before = len(service.github.truth("lab"))
    service.github.mutate({**operation, "repository": lab["id"]})
    service.collected("lab")
    assert lab["id"] not in [row["id"] for row in service.github.truth("lab")]
    assert_served_is_truth(service, "lab")
    service.eventually("/api/v1/topics/lab", lambda answer: answer.json()["data"]["repositories_count"] == before - 1)
    for path in ("/api/lab", "/api/popularity/lab", "/api/activity/lab", "/db/lab"):
        service.eventually(path, lambda answer: lab["id"] not in [row["id"] for row in answer.json()])


def test_a_repository_that_joins_is_ranked_and_knows_its_topics(service):
    joined = next(row for row in service.github.truth("docker") if "lab" not in row["topics"])
    service.github.mutate({"op": "add_topic", "repository": joined["id"], "topic": "lab"},
                          {"op": "add", "topic": "lab", "full_name": "Brand/New.Repo_1", "stargazers_count": 42})
    service.collected("lab")
    assert_served_is_truth(service, "lab")
    path = f"/api/v1/repos/{joined['full_name']}"
    service.eventually(path, lambda answer: {"docker", "lab"} <= set(answer.json()["data"]["topics"]))
    assert repository(service, "brand/new.repo_1").json()["data"]["full_name"] == "Brand/New.Repo_1"


def test_archiving_follows_both_ways(service, lab):
    for archived in (True, False):
        service.github.mutate({"op": "set", "repository": lab["id"], "archived": archived})
        service.collected("lab")
        service.eventually(f"/api/v1/repos/{lab['full_name']}", lambda answer: answer.json()["data"]["archived"] is archived)
        service.eventually(f"{LAB}?archived=true&per_page=100",
                           lambda answer: (lab["id"] in [row["id"] for row in answer.json()["data"]]) == archived)


def test_the_days_snapshot_is_what_was_seen_last_that_day(service, lab):
    for stars in (500, 400):
        service.github.mutate({"op": "set", "repository": lab["id"], "stargazers_count": stars, "forks_count": stars + 1, "open_issues_count": stars + 2})
        service.collected("lab")
    path = f"/api/v1/repos/{lab['full_name']}/popularity/history"
    service.eventually(path, lambda answer: answer.json()["data"][-1]["stargazers_count"] == 400)
    rows = service.ask("a", path).json()["data"]
    assert [row for row in rows if row["observed"]] == [rows[-1]]
    assert (rows[-1]["forks_count"], rows[-1]["open_issues_count"]) == (401, 402)


def test_growth_and_places_gained_are_told_against_the_snapshot_of_a_week_ago(service):
    rows = by_stars(service.github.truth("shelf"))
    today = datetime.datetime.now(datetime.timezone.utc).date()
    then = {row["id"]: other["stargazers_count"] for row, other in zip(rows, reversed(rows))}
    day = today - datetime.timedelta(days=7)
    service.sql("REPLACE INTO repository_snapshots VALUES " + ",".join(f"({number}, '{day}', {stars}, 1, 2)" for number, stars in then.items()))
    service.maintenance("refresh-cache")
    path = "/api/v1/topics/shelf/repositories?per_page=100"
    service.eventually(path, lambda answer: answer.json()["data"][0]["growth"] is not None)
    before = {number: rank for rank, number in enumerate(sorted(then, key=lambda number: (-then[number], number)), 1)}
    for row in service.ask("a", path).json()["data"]:
        gained = row["stargazers_count"] - then[row["id"]]
        assert (row["growth"]["since"], row["growth"]["stars"]) == (str(day), gained)
        assert row["rank_change"] == before[row["id"]] - row["rank"]
        if then[row["id"]]:
            assert row["growth"]["percent"] == pytest.approx(100 * gained / then[row["id"]], rel=1e-3)
        else:
            assert row["growth"]["percent"] is None
    first, name = then[rows[0]["id"]], rows[0]["full_name"]
    history = service.ask("a", f"/api/v1/repos/{name}/popularity/history?from={day - datetime.timedelta(days=1)}").json()["data"]
    stars = rows[0]["stargazers_count"]
    assert [row["stargazers_count"] for row in history] == [None] + [first] * 7 + [stars]
    assert [row["stars_change"] for row in history] == [None, None] + [0] * 6 + [stars - first]
    assert [row["observed"] for row in history] == [False, True] + [False] * 6 + [True]


def test_what_happens_while_pages_are_read_loses_nobody(service):
    """A push moves a repository between pages; a sweep by stars must still see each of docker's 900."""
    rows = service.github.truth("docker")
    ops = [{"op": "set", "repository": row["id"], "stargazers_count": row["stargazers_count"] + 1} for row in rows[150:160]]
    service.github.faults({"kind": "mutate", "path": "/search", "regex": "page=2", "count": 1, "ops": ops})
    try:
        service.collected("docker")
    finally:
        service.github.faults()
    # Its pages are kept one by one, so a list that is read while the replica hears of the change may be of both states.
    wait_until(lambda: {row["id"] for row in served(service, "docker")} == {row["id"] for row in rows}, 5, what="all 900 to be served")
    service.collected("docker")
    assert_served_is_truth(service, "docker")


def test_the_proxy_shows_what_was_collected_within_seconds(service, lab):
    service.get("/api/popularity/lab")
    service.github.mutate({"op": "set", "repository": lab["id"], "stargazers_count": 987_654})
    service.collected("lab")
    wait_until(lambda: service.get("/api/popularity/lab").json()[0]["stargazers_count"] == 987_654, 8, what="the proxy's answer")


# ---- The token

class Eavesdropper(http.server.BaseHTTPRequestHandler):
    """Another host, to which GitHub's address is redirected."""

    seen = []

    def do_GET(self):
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_token_is_never_sent_to_another_host(service):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Eavesdropper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    location = f"http://127.0.0.1:{server.server_address[1]}/search/repositories?q=topic:lab"
    service.github.faults({"kind": "redirect", "status": 302, "location": location, "path": "/search"})
    try:
        answer = service.collect("lab")
        assert answer.status != 200
    finally:
        service.github.faults()
        server.shutdown()
        server.server_close()
    assert not [headers for headers in Eavesdropper.seen if "authorization" in headers]
    service.collected("lab")
    assert_served_is_truth(service, "lab")


# ---- Without a token; settings that change

WINDOW = 3


@pytest.fixture(scope="module")
def anonymous():
    """A stack without a token before a GitHub that allows ten searches in a short window."""
    with SimulatedGitHub("--topic", "lab=1500", "--topic", "shelf=40", "--topic", "later=30", "--topic", "by-hand=20") as github:
        github.limits(search={"anonymous": 10, "window_seconds": WINDOW}, core={"anonymous": 60, "window_seconds": 3600})
        running = Service(github, ["lab", "shelf"], GITHUB_TOKEN="", TOPIC_INTERVAL_SECONDS=3600)
        try:
            running.start()
            yield running
        finally:
            running.destroy()


def refusals(github):
    return [entry for entry in github.requests(path="/") if entry["status"] in (403, 429)]


def collect_to_the_end(service, topic, count):
    def done():
        assert service.maintenance("collect").status == 200
        return service.ask("a", f"/api/v1/topics/{topic}").json()["data"]["repositories_count"] == count
    wait_until(done, 60, interval=0.3, what=f"{topic} to be whole")


def test_ten_searches_a_minute_without_a_token_are_never_overstepped(anonymous):
    collect_to_the_end(anonymous, "lab", 1500)
    assert_served_is_truth(anonymous, "lab", "shelf")
    entries = anonymous.github.requests(path="/")
    assert {entry["authorization"] for entry in entries} == {None}
    assert refusals(anonymous.github) == [] and len(searches_of(entries, "lab")) >= 15


def test_a_restart_does_not_forget_what_was_spent(anonymous):
    github = anonymous.github
    github.limits(search={"anonymous": 10, "window_seconds": 30}, reset=True)
    anonymous.sql("DELETE FROM rate_budgets")
    anonymous.make_due("lab")
    since = github.count()
    anonymous.admin("POST", "/maintenance/collect")
    wait_until(lambda: len(github.requests(since=since)) >= 10, what="ten searches")
    for replica in ("a", "b"):
        anonymous.restart_replica(replica)
    began = time.monotonic()
    anonymous.admin("POST", "/maintenance/collect?wait=2")
    assert time.monotonic() - began < 10
    assert len(github.requests(since=since)) == 10 and refusals(github) == []
    assert len(served(anonymous, "lab")) == 1500  # what was whole stays so meanwhile
    github.limits(search={"anonymous": 1000, "window_seconds": 1}, reset=True)
    for replica in ("a", "b"):
        anonymous.restart_replica(replica)  # ends the run that waits for the limit
    anonymous.sql("DELETE FROM rate_budgets")


def test_other_topics_in_the_settings_are_tracked_after_a_restart(anonymous):
    assert anonymous.admin("PUT", "/api/v1/topics/by-hand").status == 201
    kept = served(anonymous, "shelf")
    anonymous.stop()
    anonymous.env["TOPICS"] = "shelf later"
    anonymous.start()
    names = [row["name"] for row in anonymous.ask("a", "/api/v1/topics").json()["data"]]
    assert names == ["by-hand", "later", "shelf"]
    assert served(anonymous, "shelf") == kept
    anonymous.collected("later", "by-hand")
    assert_served_is_truth(anonymous, "later", "by-hand")
    assert_problem(anonymous.ask("a", "/api/lab"), 404)
    assert_problem(anonymous.ask("b", "/api/v1/topics/lab/repositories"), 404)
    entry = next(row for row in anonymous.ask("a", "/api/v1/topics").json()["data"] if row["name"] == "shelf")
    assert moment(entry["data_as_of"]) is not None
