"""The predecessors' topic endpoints: same paths, success bodies and status codes, as ENDPOINTS.md lists them."""

import gzip
import json
import threading

import pytest
from contract import PREDECESSOR_FIELDS, PREDECESSOR_MAX, PREDECESSOR_ORDERS, assert_problem, of_one_state, predecessor_list
from simulated import wait_for_search

FAMILIES = ("/api/", "/db/")
KINDS = tuple(PREDECESSOR_ORDERS)
LISTS = [(family, kind) for family in FAMILIES for kind in KINDS]
by_path = pytest.mark.parametrize("family, kind", LISTS, ids=[family + kind for family, kind in LISTS])
MAINTENANCE = ("/bootstrap_db", "/update_cache")


# ---- /api/{topic}, /api/popularity/{topic}, /api/activity/{topic}, /db/...

@by_path
def test_a_list_is_a_bare_array_in_its_order_with_every_field_as_github_has_it(service, family, kind):
    answer = service.get(f"{family}{kind}kubernetes")
    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert answer.json() == predecessor_list(service.github.truth("kubernetes"), PREDECESSOR_ORDERS[kind])


@by_path
def test_a_list_holds_at_most_500_and_nothing_but_the_eight_fields(service, family, kind):
    rows = service.get(f"{family}{kind}kubernetes").json()
    assert len(rows) == PREDECESSOR_MAX
    assert {frozenset(row) for row in rows} == {frozenset(PREDECESSOR_FIELDS)}


@by_path
def test_a_topic_of_fewer_than_500_is_listed_whole(service, family, kind):
    truth = service.github.truth("shelf")
    assert service.get(f"{family}{kind}shelf").json() == predecessor_list(truth, PREDECESSOR_ORDERS[kind])
    assert len(truth) == 40


@by_path
def test_ties_are_in_the_order_of_ids(service, family, kind):
    truth = service.github.truth("empty-of-ties")
    assert len(truth) > 1000 and len({row["stargazers_count"] for row in truth}) == 1
    rows = service.get(f"{family}{kind}empty-of-ties").json()
    assert rows == predecessor_list(truth, PREDECESSOR_ORDERS[kind])


def test_an_unknown_language_and_push_are_null(service):
    rows = {row["id"]: row for row in service.get("/api/shelf").json()}
    truth = service.github.truth("shelf")
    without_language = [row["id"] for row in truth if row["language"] is None]
    without_push = [row["id"] for row in truth if row["pushed_at"] is None]
    assert without_language and without_push
    assert all(rows[number]["language"] is None for number in without_language)
    assert all(rows[number]["pushed_at"] is None for number in without_push)


@by_path
def test_an_untracked_topic_is_404(service, family, kind):
    assert_problem(service.get(f"{family}{kind}nobody-tracks-this"), 404)


@by_path
def test_a_tracked_topic_without_repositories_is_an_empty_array(service, family, kind):
    answer = service.get(f"{family}{kind}empty-shelf")
    assert (answer.status, answer.json()) == (200, [])


@by_path
@pytest.mark.parametrize("topic", ["-kubernetes", "kuber_netes", "kubernetes!", "k%20s", "c%2B%2B", "%C3%BC", "a" * 51, "a.b"])
def test_a_word_that_cannot_be_a_topic_is_400(service, family, kind, topic):
    problem = assert_problem(service.get(f"{family}{kind}{topic}"), 400)
    assert [error["parameter"] for error in problem["errors"]] == ["topic"]


@by_path
def test_a_slash_at_the_end_makes_no_difference(service, family, kind):
    plain, slashed = of_one_state(lambda: [service.get(f"{family}{kind}shelf{slash}") for slash in ("", "/")])
    assert (slashed.status, slashed.body) == (200, plain.body)


@pytest.mark.parametrize("word", ["repos", "docs", "v1", "metrics", "activity", "popularity"])
def test_a_word_that_is_a_path_is_no_topic_there(service, word):
    answer = service.get(f"/api/{word}")
    if answer.headers["content-type"].startswith("application/json"):  # an endpoint of its own may answer
        assert not isinstance(answer.json(), list) or word == "repos"
    elif answer.status != 200:
        assert_problem(answer, 404)


def test_a_tracked_topic_of_such_a_name_is_found_everywhere_else(service):
    truth = service.github.truth("metrics")
    assert_problem(service.get("/api/metrics"), 404)
    for path, kind in (("/api/popularity/metrics", "popularity/"), ("/api/activity/metrics", "activity/"), ("/db/metrics", "")):
        answer = service.get(path)
        assert (answer.status, answer.json()) == (200, predecessor_list(truth, PREDECESSOR_ORDERS[kind])), path
    assert service.get("/api/v1/topics/metrics").json()["data"]["repositories_count"] == len(truth)


@pytest.mark.parametrize("path", ["/api/popularity/kubernetes", "/db/popularity/kubernetes", "/test", "/health"])
def test_head_is_get_without_the_body(service, path):
    got, head = of_one_state(lambda: [service.get(path), service.request("HEAD", path)])
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))
    assert head.headers["content-type"] == got.headers["content-type"]


def test_a_list_is_the_same_in_gzip_with_an_etag_of_its_own(service):
    def ask():
        found = [service.get("/api/popularity/kubernetes", {"Accept-Encoding": one}) for one in ("", "gzip, deflate, br")]
        again = [service.get("/api/popularity/kubernetes", {"If-None-Match": answer.headers["etag"], "Accept-Encoding": one})
                 for answer, one in zip(found, ("", "gzip"))]
        return found + again
    plain, packed, *again = of_one_state(ask)
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert [(answer.status, answer.body) for answer in again] == [(304, b"")] * 2


@pytest.mark.parametrize("path", ["/api/kubernetes", "/db/kubernetes", "/test", "/health"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_method_that_is_not_served_there_is_405(service, method, path):
    answer = service.request(method, path)
    assert_problem(answer, 405)
    assert "GET" in answer.headers["allow"]


# ---- /test, /health, /basic_status

@pytest.mark.parametrize("path, text", [("/test", "Oh, Hello World"), ("/health", "ok")])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_greetings(service, path, text, slash):
    answer = service.get(path + slash)
    assert (answer.status, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith("text/plain")


def test_basic_status_is_nginx_own(service):
    answer = service.get("/basic_status")
    assert answer.status == 200
    assert answer.text.startswith("Active connections: ") and "server accepts handled requests" in answer.text


# ---- /bootstrap_db, /update_cache

@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [*MAINTENANCE, "//update_cache", "/update_cache/"])
def test_maintenance_by_its_old_name_says_its_name_when_done(service, method, path):
    answer = service.admin(method, path)
    assert (answer.status, answer.text) == (200, path.strip("/"))
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [*MAINTENANCE, "//update_cache"])
def test_maintenance_needs_the_key(service, method, path):
    without = service.request(method, path)
    assert_problem(without, 401)
    assert without.headers["www-authenticate"].startswith("Bearer")
    for headers in ({"X-API-Key": "not-the-key-of-this-service"}, {"Authorization": "Bearer " + service.admin_key[:-1]},
                    {"X-API-Key": "x" * 5000}, {"X-API-Key": service.admin_key + "x"}):
        assert_problem(service.request(method, path, headers), 403)
    assert service.request(method, path, {"Authorization": f"Bearer {service.admin_key}"}).status == 200


def test_a_second_call_joins_the_run_of_the_first(service):
    before = jobs_of(service, "bootstrap")
    service.make_due("shelf")
    service.github.faults({"kind": "delay", "seconds": 0.5, "regex": "topic:shelf"})
    since = service.github.count()
    answers = []
    calls = [threading.Thread(target=lambda path=path: answers.append(service.admin("POST", path)))
             for path in ("/bootstrap_db", "/bootstrap_db", "/maintenance/bootstrap?wait=30")]
    try:
        calls[0].start()
        wait_for_search(service.github, since)
        for call in calls[1:]:
            call.start()
        for call in calls:
            call.join(30)
    finally:
        service.github.faults()
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert [answer.text for answer in answers].count("bootstrap_db") == 2
    assert len(jobs_of(service, "bootstrap")) == len(before) + 1


def jobs_of(service, kind):
    jobs = service.admin("GET", "/maintenance/jobs").json()["data"]
    return [job["id"] for job in jobs if job["kind"] == kind]


def test_readers_never_see_an_empty_list_while_the_cache_is_refreshed(service):
    paths = ["/api/kubernetes", "/api/popularity/kubernetes", "/api/activity/kubernetes", "/db/kubernetes"]
    wanted = {path: service.get(path).body for path in paths}
    done, wrong = threading.Event(), []

    def read(ask):
        while not done.is_set():
            for path in paths:
                answer = ask(path)
                if (answer.status, answer.body) != (200, wanted[path]):
                    wrong.append((path, answer.status, len(answer.body)))

    readers = [threading.Thread(target=read, args=(ask,)) for ask in (
        service.get, lambda path: service.ask("a", path), lambda path: service.ask("b", path))]
    for reader in readers:
        reader.start()
    try:
        for _ in range(4):
            assert service.admin("POST", "/update_cache").text == "update_cache"
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not wrong


@pytest.mark.parametrize("path", ["/api/kubernetes/x", "/db", "/db/", "/api", "/tests", "/health/x", "/db/repos/x/y", "/nothing"])
def test_what_does_not_exist_is_a_problem(service, path):
    assert_problem(service.get(path), 404)


def test_the_lists_may_be_read_by_pages_of_any_origin(service):
    answer = service.get("/api/popularity/kubernetes", {"Origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert json.loads(answer.body)
