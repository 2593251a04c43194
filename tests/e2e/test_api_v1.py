"""/api/v1: topics, rankings, repositories and their conventions, through the proxy, against the simulated GitHub's truth."""

import csv
import io
import json
import re
from urllib.parse import quote

import pytest
from contract import (REPOSITORY_FIELDS, RANKING_ORDERS, all_pages, all_rows, assert_parameters, assert_problem, by_id, by_stars,
                      moment, next_link, v1_part, v1_row)

RANKING = "/api/v1/topics/kubernetes/repositories"
SHELF = "/api/v1/topics/shelf/repositories"
TOPIC_FIELDS = {"name", "tracked", "added_at", "repositories_count", "reported_count", "complete", "data_as_of",
                "next_collection_at", "last_error"}


@pytest.fixture(scope="module")
def kubernetes(service):
    """The truth of the topic of 2,400."""
    return service.github.truth("kubernetes")


# ---- Topics

def test_topics_are_listed_by_name_with_counts_and_freshness(service):
    answer = service.get("/api/v1/topics")
    rows = {row["name"]: row for row in answer.json()["data"]}
    assert list(rows) == sorted(rows)
    assert {"kubernetes", "docker", "shelf", "empty-shelf", "empty-of-ties"} <= set(rows)
    for name in ("kubernetes", "docker", "shelf", "empty-shelf", "empty-of-ties"):
        row, truth = rows[name], service.github.truth(name)
        assert set(row) == TOPIC_FIELDS
        assert (row["repositories_count"], row["reported_count"]) == (len(truth), len(truth))
        assert (row["tracked"], row["complete"], row["last_error"]) == (True, True, None)
        assert moment(row["added_at"]) <= moment(row["data_as_of"]) < moment(row["next_collection_at"])
    assert answer.json()["meta"]["total"] == len(rows)


def test_topics_in_pages_are_each_listed_once(service):
    whole = [row["name"] for row in service.get("/api/v1/topics").json()["data"]]
    assert [row["name"] for row in all_rows(service.get, "/api/v1/topics?per_page=2")] == whole


def test_one_topic(service):
    answer = service.get("/api/v1/topics/kubernetes")
    data, meta = answer.json()["data"], answer.json()["meta"]
    assert set(data) == TOPIC_FIELDS and data["name"] == "kubernetes"
    assert meta["data_as_of"] == data["data_as_of"]
    assert meta["coverage"]["share"] == 1 and meta["coverage"]["gaps"] == []


@pytest.mark.parametrize("path", ["/api/v1/topics/Kubernetes", "/api/v1/topics/KUBERNETES/", "/api/v1//topics/kuBernetes"])
def test_the_name_of_a_topic_is_found_in_any_case_and_told_in_its_own(service, path):
    assert service.get(path).json()["data"]["name"] == "kubernetes"


@pytest.mark.parametrize("rest", ["", "/repositories"])
def test_an_untracked_topic_is_404_and_a_malformed_one_400(service, rest):
    assert_problem(service.get(f"/api/v1/topics/nobody-tracks-this{rest}"), 404)
    assert_parameters(service.get(f"/api/v1/topics/-no-topic{rest}"), "topic")
    assert_parameters(service.get(f"/api/v1/topics/{'a' * 51}{rest}"), "topic")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_tracking_needs_the_key(service, method):
    without = service.request(method, "/api/v1/topics/put-me")
    assert_problem(without, 401)
    assert without.headers["www-authenticate"].startswith("Bearer")
    assert_problem(service.request(method, "/api/v1/topics/put-me", {"X-API-Key": "a wrong one of some length"}), 403)
    assert_problem(service.request(method, "/api/v1/topics/put-me", {"Authorization": "Bearer wrong"}), 403)
    assert service.ask("a", "/api/v1/topics/put-me").status == 404


def test_a_topic_is_tracked_collected_and_untracked(service):
    path, truth = "/api/v1/topics/put-me", service.github.truth("put-me")
    tracked = service.admin("PUT", path)
    assert (tracked.status, tracked.json()["data"]["name"]) == (201, "put-me")
    assert tracked.json()["data"]["data_as_of"] is None
    assert service.admin("PUT", "/api/v1/topics/PUT-ME/").status == 200
    for replica in ("a", "b"):
        service.eventually(path, lambda answer: answer.status == 200, [replica])
        waiting = service.ask(replica, f"{path}/repositories")
        assert waiting.status == 202 and int(waiting.headers["retry-after"]) > 0
        assert waiting.json()["data"] == []
        empty = service.ask(replica, "/api/put-me")
        assert (empty.status, empty.json()) == (200, [])

    assert service.maintenance("collect").status == 200
    service.eventually(f"{path}/repositories", lambda answer: answer.status == 200)
    for replica in ("a", "b"):
        rows = service.ask(replica, f"{path}/repositories?per_page=100").json()["data"]
        assert [v1_part(row) for row in rows] == [v1_row(row) for row in by_stars(truth)]
    assert [row["id"] for row in service.get("/db/put-me").json()] == [row["id"] for row in by_id(truth)]

    gone = service.request("DELETE", path, {"Authorization": f"Bearer {service.admin_key}"})
    assert (gone.status, gone.body) == (204, b"")
    for rest in (path, f"{path}/repositories", "/api/put-me", "/db/put-me"):
        service.eventually(rest, lambda answer: answer.status == 404)
    service.eventually("/api/v1/topics", lambda answer: "put-me" not in answer.text)
    assert_problem(service.admin("DELETE", path), 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_cannot_be_a_topic_is_not_tracked(service, method):
    assert_parameters(service.admin(method, "/api/v1/topics/no_topic"), "topic")
    assert_parameters(service.admin(method, "/api/v1/topics/put-me?force=1"), "force")


# ---- The ranking

@pytest.mark.parametrize("sort", list(RANKING_ORDERS))
def test_the_whole_topic_through_its_cursors_is_the_truth_in_order(service, kubernetes, sort):
    answers = all_pages(service.get, f"{RANKING}?sort={sort}&per_page=100")
    rows = [row for answer in answers for row in answer.json()["data"]]
    assert [v1_part(row) for row in rows] == [v1_row(row) for row in RANKING_ORDERS[sort](kubernetes)]
    assert [row["rank"] for row in rows] == list(range(1, 2401))
    assert {len(answer.json()["data"]) for answer in answers} == {100}
    meta = answers[0].json()["meta"]
    assert (meta["total"], meta["sort"], meta["topic"], meta["sample_size"]) == (2400, sort, "kubernetes", 2400)
    assert {"from", "to", "bound"} <= set(meta["window"]) and meta["coverage"]["complete"] is True


def test_more_than_a_thousand_ties_are_each_listed_once(service):
    rows = all_rows(service.get, "/api/v1/topics/empty-of-ties/repositories?per_page=99")
    assert [row["id"] for row in rows] == [row["id"] for row in by_id(service.github.truth("empty-of-ties"))]


def test_a_page_is_of_thirty_sorted_by_popularity_unless_asked_otherwise(service, kubernetes):
    rows = service.get(RANKING).json()["data"]
    assert [row["id"] for row in rows] == [row["id"] for row in by_stars(kubernetes)[:30]]
    assert service.get(RANKING + "?sort=popularity&per_page=30&format=json").json()["data"] == rows


def test_a_row_has_the_repository_and_its_place(service):
    row = service.get(RANKING + "?per_page=1").json()["data"][0]
    assert set(row) == {"rank", "rank_change", "growth", *REPOSITORY_FIELDS}


FILTERS = {
    "min_stars=100": lambda row: row["stargazers_count"] >= 100,
    "min_stars=0": lambda row: True,
    "language=Go": lambda row: row["language"] == "Go",
    "language=gO": lambda row: row["language"] == "Go",
    "language=Nothing": lambda row: False,
    "archived=true": lambda row: row["archived"],
    "archived=false": lambda row: not row["archived"],
    "language=go&archived=false&min_stars=3": lambda row: row["language"] == "Go" and not row["archived"] and row["stargazers_count"] >= 3,
}


@pytest.mark.parametrize("query", list(FILTERS))
@pytest.mark.parametrize("sort", ["popularity", "newest"])
def test_filters_keep_order_and_places(service, kubernetes, query, sort):
    ranked = list(enumerate(RANKING_ORDERS[sort](kubernetes), 1))
    wanted = [(rank, row["id"]) for rank, row in ranked if FILTERS[query](row)]
    answers = all_pages(service.get, f"{RANKING}?per_page=100&sort={sort}&{query}")
    assert [(row["rank"], row["id"]) for answer in answers for row in answer.json()["data"]] == wanted
    assert answers[0].json()["meta"]["total"] == len(wanted)


def test_a_language_with_signs_is_found_however_it_is_escaped(service):
    wanted = [row["id"] for row in by_stars(service.github.truth("shelf")) if row["language"] == "C++"]
    assert len(wanted) >= 3
    for text in ("C%2B%2B", "c%2b%2B"):
        assert [row["id"] for row in service.get(f"{SHELF}?language={text}").json()["data"]] == wanted


def test_every_page_links_to_the_next_with_what_was_asked(service):
    answer = service.get(f"{SHELF}?sort=newest&per_page=7&archived=false")
    link = next_link(answer)
    assert link.startswith("/api/v1/topics/shelf/repositories?") or link.startswith("http")
    for word in ("sort=newest", "per_page=7", "archived=false", "cursor="):
        assert word in link
    assert next_link(all_pages(service.get, f"{SHELF}?per_page=7")[-1]) is None
    assert next_link(service.get(f"{SHELF}?per_page=40")) is None


# ---- Formats

LISTS = [f"{SHELF}?per_page=100", "/api/v1/topics", "/api/v1/repos?q=%2F&per_page=100"]


def with_format(path, name):
    return f"{path}{'&' if '?' in path else '?'}format={name}"


def cell(value):
    """A JSON value as the CSV must show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
    return json.dumps(value, separators=(",", ":"))


def member(row, column):
    for name in column.split("."):
        row = row[name] if row is not None else None
    return row


@pytest.mark.parametrize("path", LISTS)
def test_csv_has_a_header_row_and_the_same_values(service, path):
    rows = service.get(path).json()["data"]
    answer = service.get(with_format(path, "csv"))
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.count("\r\n") > len(rows)
    lines = list(csv.reader(io.StringIO(answer.body.decode(), newline="")))
    columns, cells = lines[0], lines[1:]
    assert len(cells) == len(rows) > 0 and len(set(columns)) == len(columns)
    assert {column.split(".")[0] for column in columns} <= set(rows[0])
    for line, row in zip(cells, rows):
        assert line == [cell(member(row, column)) for column in columns]


@pytest.mark.parametrize("path", LISTS)
def test_ndjson_has_the_same_rows_one_a_line(service, path):
    rows = service.get(path).json()["data"]
    answer = service.get(with_format(path, "ndjson"))
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in answer.body.decode().removesuffix("\n").split("\n")] == rows


def test_no_cell_of_a_csv_is_a_formula(service):
    texts = {row["description"] for row in service.get(f"{SHELF}?per_page=100").json()["data"]}
    assert {'=HYPERLINK("http://evil.example","click")', "+1+1", "-2+3", "@SUM(1,2)", "two\nlines", 'a "quoted", comma'} <= texts
    lines = list(csv.reader(io.StringIO(service.get(f"{SHELF}?per_page=100&format=csv").body.decode(), newline="")))
    assert not [one for line in lines for one in line if one[:1] in ("=", "+", "@", "\t", "\r") or re.match(r"-\D|-\d+\+", one)]


def test_lists_of_other_formats_link_on_too(service):
    answer = service.get(f"{SHELF}?format=csv&per_page=30")
    assert "format=csv" in next_link(answer)
    assert len(service.get(next_link(answer)).text.splitlines()) >= 11


# ---- What is wrong with a request

def test_all_bad_parameters_are_told_at_once(service):
    answer = service.get(f"{RANKING}?sort=best&language=&min_stars=-1&archived=maybe&per_page=0&format=xml&cursor=%21&colour=red&page=2")
    assert_parameters(answer, "sort", "language", "min_stars", "archived", "per_page", "format", "cursor", "colour", "page")


@pytest.mark.parametrize("path", ["/api/v1/topics", "/api/v1/topics/shelf", SHELF, "/api/v1/repos"])
def test_an_unknown_parameter_is_an_error(service, path):
    problem = assert_parameters(service.get(path + "?unknown=%3Cscript%3E"), "unknown")
    assert problem["errors"][0]["value"] == "<script>"


@pytest.mark.parametrize("value", ["0", "101", "-1", "abc", "1.5", "", "1e2", "99999999999999999999", "+5", "%205", "0x10"])
@pytest.mark.parametrize("path", ["/api/v1/topics", SHELF, "/api/v1/repos"])
def test_per_page_is_from_1_to_100(service, path, value):
    assert_parameters(service.get(f"{path}?per_page={value}"), "per_page")


def test_the_ends_of_per_page_are_allowed(service):
    assert len(service.get(f"{RANKING}?per_page=1").json()["data"]) == 1
    assert len(service.get(f"{RANKING}?per_page=100").json()["data"]) == 100


def test_a_parameter_given_twice_is_an_error(service):
    assert_parameters(service.get(f"{SHELF}?per_page=5&per_page=6"), "per_page")


def cursor_of(service, path):
    return re.search(r"cursor=([^&]+)", next_link(service.get(path)))[1]


@pytest.mark.parametrize("cursor", ["x", "!!!", "AAAA", "A" * 500, "bm90LWEtY3Vyc29y", "..%2F..", "%27%20OR%201%3D1", ""])
@pytest.mark.parametrize("path", ["/api/v1/topics", SHELF, "/api/v1/repos"])
def test_a_cursor_nobody_gave_is_400(service, path, cursor):
    assert_parameters(service.get(f"{path}?cursor={cursor}"), "cursor")


def test_a_cursor_of_another_list_or_order_is_400(service):
    popular, repos = cursor_of(service, f"{SHELF}?per_page=3"), cursor_of(service, "/api/v1/repos?per_page=3")
    for path in (f"{SHELF}?sort=newest&cursor={popular}", f"/api/v1/repos?cursor={popular}", f"/api/v1/topics?cursor={popular}",
                 f"{SHELF}?cursor={repos}", f"{SHELF}?cursor={popular[:-2]}", f"{SHELF}?cursor={popular}AAAA"):
        assert_parameters(service.get(path), "cursor")


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/topics/a/b/c", "/api/v1/repos/only-owner"])
def test_what_does_not_exist_is_a_problem(service, path):
    assert_problem(service.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_another_method_is_405_and_told_what_is_allowed(service, method):
    answer = service.admin(method, SHELF)
    assert_problem(answer, 405)
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["allow"].split(", "))


# ---- Repositories

def test_known_repositories_are_listed_by_id_each_once(service):
    rows = all_rows(service.get, "/api/v1/repos?per_page=100")
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))
    for topic in ("kubernetes", "docker", "shelf", "empty-of-ties"):
        assert {row["id"] for row in service.github.truth(topic)} <= set(ids)


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_q_finds_parts_of_names_in_any_case(service, change):
    wanted = service.github.truth("shelf")[5]
    rows = all_rows(service.get, f"/api/v1/repos?per_page=100&q={change(wanted['full_name'])}")
    assert wanted["id"] in [row["id"] for row in rows]
    assert all(wanted["full_name"].lower() in (row["full_name"] + " " + (row["description"] or "")).lower() for row in rows)


@pytest.mark.parametrize("text", ['a "quoted", comma', "HYPERLINK(", "%", "no_such%thing", "'; DROP TABLE topics;--", "\U0001f680", "\\", "_", "'"])
def test_q_is_taken_literally(service, text):
    rows = all_rows(service.get, f"/api/v1/repos?per_page=100&q={quote(text)}")
    assert all(text in row["full_name"] + (row["description"] or "") for row in rows)
    found = {row["id"] for row in rows}
    for topic in ("kubernetes", "docker", "shelf", "metrics"):
        for row in service.github.truth(topic):
            assert (row["id"] in found) == (text in row["full_name"] or text in (row["description"] or "")), row


def test_no_repository_is_active_where_none_is_tracked(service):
    assert service.get("/api/v1/repos?active=true").json()["data"] == []
    assert len(service.get("/api/v1/repos?active=false").json()["data"]) == 30
    assert_parameters(service.get("/api/v1/repos?active=1"), "active")


def test_one_repository_in_any_case(service, kubernetes):
    truth = kubernetes[7]
    for name in (truth["full_name"], truth["full_name"].upper(), truth["full_name"].lower() + "/"):
        answer = service.get(f"/api/v1/repos/{name}")
        assert answer.status == 200, answer.text
        assert v1_part(answer.json()["data"]) == v1_row(truth)
        assert answer.json()["data"]["gone_at"] is None and "kubernetes" in answer.json()["data"]["topics"]


@pytest.mark.parametrize("rest", ["", "/popularity/history"])
def test_a_repository_nobody_knows_is_404_and_a_malformed_name_400(service, rest):
    assert_problem(service.get(f"/api/v1/repos/nobody/knows-this{rest}"), 404)
    for name in ("a%20b/c", "a/b%2Fc", "a/..", "own%00er/name", "%C3%BC/x", "a" * 40 + "/x", "x/" + "a" * 101):
        assert_problem(service.get(f"/api/v1/repos/{name}{rest}"), 400)
