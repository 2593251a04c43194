"""What all answers have in common: validators, caching, encodings, CORS, request ids; health, metrics and jobs."""

import email.utils
import gzip
import json
import re

import pytest
from contract import assert_parameters, assert_problem, moment, of_one_state
from service import TOKEN
from stack import request, wait_until

PAGES = ["/api/v1/topics/kubernetes/repositories?per_page=100", "/api/v1/topics/kubernetes", "/api/v1/topics", "/api/v1/repos",
         "/api/v1/topics/shelf/repositories?format=csv", "/api/v1/topics/shelf/repositories?format=ndjson", "/api/popularity/kubernetes",
         "/api/v1/topics/shelf/repositories?sort=trending", "/api/v1/topics/shelf/feed.json", "/api/v1/trending"]
every_page = pytest.mark.parametrize("path", PAGES)


# ---- Validators and caching

@every_page
def test_an_answer_may_be_kept_and_says_how_long(service, path):
    answer = service.get(path)
    control = dict(part.strip().partition("=")[::2] for part in answer.headers["cache-control"].split(","))
    assert "public" in control and int(control["max-age"]) >= 1 and int(control["stale-while-revalidate"]) >= 1
    assert control["stale-if-error"] == "86400"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert re.fullmatch(r'"[^"]+"', answer.headers["etag"])


@every_page
def test_an_answer_somebody_has_already_is_304(service, path):
    for encoding in ("", "gzip"):
        for form in ("{}", '"other", {}', "W/{}", "*"):
            def ask():
                had = service.get(path, {"Accept-Encoding": encoding})
                value = form.format(had.headers["etag"])
                return had, service.get(path, {"If-None-Match": value, "Accept-Encoding": encoding})
            had, again = of_one_state(ask)
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", had.headers["etag"]), form
            assert "max-age" in again.headers["cache-control"]
        assert service.get(path, {"If-None-Match": '"other"'}).status == 200


@every_page
def test_both_replicas_give_the_same_bytes_and_the_same_etag(service, path):
    service.get(path)
    a, b = of_one_state(lambda: [service.ask(name, path) for name in ("a", "b")])
    assert (a.status, a.body, a.headers["etag"]) == (b.status, b.body, b.headers["etag"])


@every_page
def test_gzip_is_the_same_text_smaller(service, path):
    plain, packed = of_one_state(lambda: [service.get(path), service.get(path, {"Accept-Encoding": "gzip"})])
    if "content-encoding" not in packed.headers:
        assert len(plain.body) < 1000
        return
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)


@pytest.mark.parametrize("encoding, packed", [("gzip;q=1.0, identity;q=0.5", True), ("br, gzip", True), ("GZIP", True), ("gzip;q=0", False),
                                              ("identity", False), ("br", False), ("notgzip", False)])
def test_gzip_is_given_to_who_takes_it(service, encoding, packed):
    answer = service.get(PAGES[0], {"Accept-Encoding": encoding})
    assert (answer.headers.get("content-encoding") == "gzip") == packed


@every_page
def test_head_is_get_without_the_body(service, path):
    got, head = of_one_state(lambda: [service.get(path), service.request("HEAD", path)])
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "content-length", "etag", "last-modified", "cache-control"):
        assert head.headers[name] == got.headers[name], name


@pytest.mark.parametrize("path", ["/api/v1/topics/kubernetes", "/api/v1/topics/kubernetes/repositories"])
def test_last_modified_is_the_time_of_the_data(service, path):
    answer = service.get(path)
    as_of = moment(answer.json()["meta"]["data_as_of"]).replace(microsecond=0)
    assert email.utils.parsedate_to_datetime(answer.headers["last-modified"]) == as_of


@pytest.mark.parametrize("path", PAGES[:4])
def test_a_slash_more_or_less_makes_no_difference(service, path):
    bare, question, query = path.partition("?")
    for variant in (bare + "/" + question + query, bare.replace("/v1/", "//v1/") + question + query):
        plain, answer = of_one_state(lambda: [service.get(path), service.get(variant)])
        assert answer.status == 200, variant
        assert answer.body == plain.body


# ---- CORS

@pytest.mark.parametrize("path", [*PAGES, "/api/v1/topics/nobody-tracks-this", "/api/v1/topics?per_page=0", "/nothing"])
def test_pages_of_any_origin_may_read(service, path):
    answer = service.get(path, {"Origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", [PAGES[0], "/api/popularity/kubernetes", "/api/v1/topics/new-one"])
def test_options_names_what_may_be_done(service, path):
    answer = service.request("OPTIONS", path, {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert not {"PUT", "DELETE", "POST"} & set(re.split(r",\s*", answer.headers["access-control-allow-methods"]))
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["allow"].split(", "))


def test_options_of_nothing_is_404(service):
    assert_problem(service.request("OPTIONS", "/nothing/at/all"), 404)


# ---- Request ids

@pytest.mark.parametrize("path, status", [("/api/v1/topics/nobody-tracks-this", 404), ("/api/v1/topics?per_page=0", 400), ("/nothing", 404),
                                          ("/api/v1/topics/a_b", 400), ("/metrics", 404), ("/api/nobody-tracks-this", 404)])
def test_a_problem_is_one_of_a_kind(service, path, status):
    first, second = service.get(path), service.get(path)
    assert assert_problem(first, status)["instance"] != assert_problem(second, status)["instance"]
    assert first.headers["cache-control"] == "no-store"


def test_a_client_does_not_choose_the_request_id(service):
    for name in ("X-Request-ID", "X-Request-Id"):
        problem = assert_problem(service.get("/nothing", {name: "chosen-by-a-client"}), 404)
        assert problem["instance"] != "chosen-by-a-client"


def test_the_request_id_is_in_the_replicas_log(service):
    number = service.get("/api/v1/topics/nobody-tracks-this").headers["x-request-id"]
    lines = wait_until(lambda: [json.loads(line) for name in ("api-a", "api-b") for line in service.log(name).splitlines()
                                if number in line], what="the request in a log")
    assert [(line["status"], line["target"], line["method"]) for line in lines] == [(404, "/api/v1/topics/nobody-tracks-this", "GET")]


def test_every_line_of_the_replicas_logs_is_json(service):
    for name in ("api-a", "api-b"):
        lines = service.log(name).splitlines()
        assert lines and all(isinstance(json.loads(line), dict) for line in lines)


# ---- Health and metrics

def test_readyz_says_what_it_asked(service):
    for answer in (service.get("/readyz"), service.ask("a", "/readyz"), service.ask("b", "/readyz")):
        assert answer.status == 200
        body = answer.json()
        assert body["status"] == "ready" and body["demo"] is False and body["github"] == service.github.url
        assert set(body["checks"].values()) == {"ok", False}
        assert answer.headers["cache-control"] == "no-store"


def test_livez(service):
    assert service.get("/livez").status == 200


def test_a_demo_says_so_everywhere(stack):
    readyz = stack.get("/readyz").json()
    assert readyz["demo"] is True and readyz["github"].startswith("http://127.0.0.1:")
    assert stack.get("/api/v1/topics").json()["meta"]["demo"] is True
    assert stack.get("/api/v1/topics/kubernetes/repositories").json()["meta"]["demo"] is True
    assert '"demo":true' in stack.log("api-a").replace(" ", "")


def test_data_of_github_is_not_called_a_demo(service):
    assert "demo" not in service.get("/api/v1/topics").json()["meta"]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/metrics?x=1", "/./metrics", "/%6detrics", "/metrics%2F"])
def test_metrics_are_not_for_clients(service, path):
    assert_problem(service.get(path), 404)


def test_metrics_of_a_replica_are_prometheus(service):
    answer = service.ask("a", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    value = r"(NaN|[+-]?Inf|[+-]?\d+(\.\d+)?([eE][+-]?\d+)?)"
    sample = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]\w*="([^"\\]|\\.)*"(,[a-zA-Z_]\w*="([^"\\]|\\.)*")*,?\})? ' + value)
    lines = answer.text.splitlines()
    assert [line for line in lines if line and not line.startswith(("# HELP ", "# TYPE ")) and not sample.fullmatch(line)] == []
    assert len([line for line in lines if not line.startswith("#")]) > 10


def test_metrics_tell_of_events(stack):
    listed = wait_until(lambda: [one for one in stack.get("/api/v1/coverage?per_page=100").json()["data"] if one["polls"]], timeout=90,
                        what="a source that was polled")
    for index in (0, 1):
        text = request(stack.api_url(index) + "/metrics").text
        assert "# TYPE repopulse_events_new_total counter" in text and "# TYPE repopulse_event_sources gauge" in text
        for kind in {source["kind"] for source in listed}:
            found = re.search(rf'^repopulse_event_polls_total{{kind="{kind}"}} (\d+)$', text, re.M)
            assert found and int(found[1]) >= sum(source["polls"] for source in listed if source["kind"] == kind)


def test_both_replicas_answer_through_the_proxy(service):
    assert {service.get("/livez").headers["x-replica"] for _ in range(40)} == {"api-a", "api-b"}


# ---- Jobs

JOB_FIELDS = {"id", "kind", "argument", "state", "replica", "started_at", "heartbeat_at", "finished_at", "step", "counts", "error"}


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
@pytest.mark.parametrize("kind", ["bootstrap", "collect", "refresh-cache", "prune"])
def test_a_job_is_started_and_found_at_its_address_by_any_replica(service, prefix, kind):
    started = service.admin("POST", f"{prefix}/maintenance/{kind}")
    assert started.status == 202
    location = started.headers["location"]
    assert re.fullmatch(r"/maintenance/jobs/\d+", location)
    wait_until(lambda: service.job(location)["state"] != "running", what="the job's end")
    key = {"X-API-Key": service.admin_key}
    for replica in ("a", "b"):
        for path in (location, "/api/v1" + location):
            job = service.ask(replica, path, headers=key).json()["data"]
            assert set(job) == JOB_FIELDS
            assert (job["kind"], job["state"], job["error"]) == (kind, "succeeded", None)
            assert moment(job["started_at"]) <= moment(job["heartbeat_at"]) <= moment(job["finished_at"])


def test_wait_answers_at_the_jobs_end(service):
    answer = service.admin("POST", "/maintenance/refresh-cache?wait=30")
    assert answer.status == 200
    assert (answer.json()["data"]["kind"], answer.json()["data"]["state"]) == ("refresh-cache", "succeeded")
    assert answer.json()["data"]["counts"]["answers"] > 0


@pytest.mark.parametrize("value", ["-1", "601", "x", "", "1.5", "99999999999999999999"])
def test_a_wait_that_is_none_starts_nothing(service, value):
    before = service.admin("GET", "/maintenance/jobs").json()["data"][0]["id"]
    assert_parameters(service.admin("POST", f"/maintenance/prune?wait={value}"), "wait")
    assert service.admin("GET", "/maintenance/jobs").json()["data"][0]["id"] == before


@pytest.mark.parametrize("path", ["/maintenance/nothing", "/api/v1/maintenance/nothing", "/maintenance/COLLECT", "/maintenance/collect/x"])
def test_an_unknown_kind_of_job_is_404(service, path):
    assert_problem(service.admin("POST", path), 404)


@pytest.mark.parametrize("number", ["0", "999999999", "-1", "x", "1.0", "99999999999999999999", "%27"])
def test_an_unknown_job_is_404(service, number):
    assert_problem(service.admin("GET", f"/maintenance/jobs/{number}"), 404)


@pytest.mark.parametrize("method, path", [("POST", "/maintenance/collect"), ("POST", "/api/v1/maintenance/prune"),
                                          ("GET", "/maintenance/jobs/1"), ("GET", "/maintenance/jobs"), ("GET", "/api/v1/maintenance/jobs")])
def test_maintenance_needs_the_key(service, method, path):
    assert_problem(service.request(method, path), 401)
    assert_problem(service.request(method, path, {"X-API-Key": "a wrong one of some length"}), 403)
    assert_problem(service.request(method, path, {"X-API-Key": ""}), 401)
    assert_problem(service.request(method, path, {"Authorization": "Basic " + service.admin_key}), 401)


def test_get_starts_no_job(service):
    assert_problem(service.admin("GET", "/maintenance/collect"), 405)


# ---- Secrets

def test_no_answer_and_no_log_holds_a_secret(service):
    secrets = (TOKEN, service.admin_key)
    for path in ("/readyz", "/livez", "/nothing", "/api/v1/topics", "/maintenance/jobs"):
        text = service.admin("GET", path).text
        assert not [secret for secret in secrets if secret in text], path
    assert not [secret for secret in secrets if secret in service.ask("a", "/metrics").text]
    for name in [*service.status()["parts"], "proxy-access", "stack", "migrate"]:
        assert not [secret for secret in secrets if secret in service.log(name)], name
