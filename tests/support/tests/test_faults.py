"""Everything that can go wrong with GitHub, switched on and off."""

import http.client
import json
import socket
import time
import zlib
from email.utils import parsedate_to_datetime

import pytest

PATH = {"path": "/search"}


def fault(sim, kind, **more):
    sim.faults({"kind": kind, **PATH, **more})


def search(sim, **headers):
    return sim.search("topic:docker", headers, per_page=100)


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("body", ["json", "html", "empty"])
def test_server_errors(sim, status, body):
    fault(sim, "error", status=status, body=body)
    reply = search(sim)
    assert reply.status == status
    assert reply.headers["X-RateLimit-Limit"]
    if body == "json":
        assert reply.json() == {"error": "Server Error"}
    elif body == "html":
        assert reply.body.startswith(b"<!DOCTYPE html>")
        assert reply.headers["Content-Type"] == "text/html"
    else:
        assert reply.body == b""


@pytest.mark.parametrize("status", [403, 429])
def test_primary_limit(sim, status):
    fault(sim, "primary_limit", status=status, reset_seconds=5)
    reply = search(sim)
    assert reply.status == status and reply.headers["x-ratelimit-remaining"] == "0"
    assert 4 <= int(reply.headers["x-ratelimit-reset"]) - time.time() <= 7
    assert reply.headers["x-ratelimit-used"] == reply.headers["x-ratelimit-limit"]
    assert len(reply.headers.get_all("x-ratelimit-remaining")) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_secondary_limit_with_seconds_a_date_and_nothing(sim, status):
    fault(sim, "secondary_limit", status=status, retry_after=8)
    assert search(sim).headers["Retry-After"] == "8"
    fault(sim, "secondary_limit", status=status, retry_after=8, as_date=True)
    when = parsedate_to_datetime(search(sim).headers["Retry-After"]).timestamp()
    assert 6 <= when - time.time() <= 9
    fault(sim, "secondary_limit", status=status, retry_after=None)
    reply = search(sim)
    assert reply.status == status and reply.headers["Retry-After"] is None
    assert int(reply.headers["x-ratelimit-remaining"]) > 0
    assert "secondary rate limit" in reply.json()["message"]


def test_unauthorized(sim):
    fault(sim, "unauthorized")
    assert search(sim).status == 401


def test_redirects(sim):
    fault(sim, "redirect", location="http://127.0.0.1:9/x", status=307)
    reply = search(sim)
    assert reply.status == 307 and reply.headers["Location"] == "http://127.0.0.1:9/x"
    fault(sim, "redirect_loop")
    reply = search(sim)
    assert reply.status == 301
    assert reply.headers["Location"] == (
        f"http://127.0.0.1:{sim.port}/search/repositories?q=topic%3Adocker&per_page=100")


@pytest.mark.parametrize("kind", ["cut_before_headers", "cut_in_body"])
@pytest.mark.parametrize("reset", [False, True])
def test_cut_connections(sim, kind, reset):
    fault(sim, kind, reset=reset)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        search(sim)


def test_cut_in_headers(sim):
    fault(sim, "cut_in_headers")
    with socket.create_connection(("127.0.0.1", sim.port), timeout=5) as connection:
        connection.sendall(b"GET /search/repositories?q=a HTTP/1.1\r\nUser-Agent: t\r\n\r\n")
        received = connection.makefile("rb").read()
    assert received.startswith(b"HTTP/1.1 200") and b"\r\n\r\n" not in received


def test_not_http(sim):
    fault(sim, "not_http")
    with pytest.raises(http.client.HTTPException):
        search(sim)


def test_hanging_and_slow_answers(sim):
    fault(sim, "hang")
    with pytest.raises(TimeoutError):
        sim.get("/search/repositories", q="topic:docker", timeout=0.3)
    fault(sim, "slow", bytes_per_second=20_000)
    started = time.monotonic()
    assert sim.search("topic:docker", per_page=2).status == 200
    assert time.monotonic() - started > 0.4
    fault(sim, "delay", seconds=0.3)
    started = time.monotonic()
    assert search(sim).status == 200
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("kind", ["malformed_json", "truncated_json", "invalid_utf8",
                                  "empty_body", "html_body"])
def test_bodies_that_are_no_json(sim, kind):
    fault(sim, kind)
    reply = search(sim)
    assert reply.status == 200 and int(reply.headers["Content-Length"]) == len(reply.raw)
    with pytest.raises(ValueError):
        reply.json()


def test_bodies_of_another_form(sim):
    fault(sim, "wrong_types", items=2, fields=["stargazers_count"])
    stars = [item["stargazers_count"] for item in search(sim).json()["items"]]
    assert stars[:2] == ["many", "many"] and isinstance(stars[2], int)
    fault(sim, "null_fields")
    assert search(sim).json()["items"][0]["full_name"] is None
    fault(sim, "missing_fields", fields=["owner"])
    assert "owner" not in search(sim).json()["items"][0]
    fault(sim, "unknown_fields")
    assert "from_the_future" in search(sim).json()["items"][0]
    fault(sim, "replace_body", value=[1, 2])
    assert search(sim).json() == [1, 2]
    fault(sim, "wrong_total", total_count=5_000_000)
    assert search(sim).json()["total_count"] == 5_000_000
    fault(sim, "duplicate_items", items=3)
    items = search(sim).json()["items"]
    assert items[:3] == items[-3:] and len(items) == 103


def test_incomplete_results(sim):
    fault(sim, "incomplete_results", keep=4)
    answer = search(sim).json()
    assert answer["incomplete_results"] is True and len(answer["items"]) == 4
    assert answer["total_count"] == 250


def test_huge_and_deep_bodies(sim):
    fault(sim, "huge_body", size_mib=3)
    reply = search(sim)
    assert len(reply.raw) > 3 * 1024 * 1024 and len(reply.json()["items"]) == 100
    fault(sim, "deep_json", depth=1000)
    assert search(sim).body.count(b"[") == 1000
    fault(sim, "endless_headers", count=50)
    assert search(sim).headers["X-Padding-49"]


def test_broken_gzip(sim):
    for kind in ("gzip_garbage", "gzip_truncated"):
        fault(sim, kind)
        reply = search(sim)
        assert reply.headers["Content-Encoding"] == "gzip"
        with pytest.raises((OSError, EOFError, zlib.error)):
            reply.body  # noqa: B018


def test_chunked_answers_are_whole(sim):
    plain = search(sim).body
    fault(sim, "chunked")
    reply = search(sim)
    assert reply.headers["Transfer-Encoding"] == "chunked" and reply.body == plain


def test_count_and_skip_say_which_requests_are_hit(sim):
    fault(sim, "error", skip=1, count=2)
    assert [search(sim).status for _ in range(5)] == [200, 502, 502, 200, 200]
    rules = sim.get("/_sim/faults").json()["rules"]
    assert rules[0]["matched"] == 5 and rules[0]["applied"] == 2
    assert [entry["fault"] for entry in sim.requests()] == [None, "error", "error", None, None]


def test_rules_match_by_path_regex_method_and_token(sim):
    sim.faults({"kind": "error", "regex": r"q=topic:docker stars:1\.\.5"},
               {"kind": "unauthorized", "path": "/repos", "authenticated": True},
               {"kind": "error", "status": 500, "method": "HEAD"})
    assert search(sim).status == 200
    assert sim.search("topic:docker stars:1..5").status == 502
    assert sim.get("/repos/a/b").status == 404
    assert sim.get("/repos/a/b", {"Authorization": "Bearer t"}).status == 401
    assert sim.get("/", method="HEAD").status == 500


def test_probability_is_that_of_the_seed(sim):
    outcomes = []
    for _ in range(2):
        fault(sim, "error", probability=0.5)
        outcomes.append([search(sim).status for _ in range(30)])
    assert outcomes[0] == outcomes[1] and set(outcomes[0]) == {200, 502}


def test_faults_end_when_told_to(sim):
    fault(sim, "error")
    assert search(sim).status == 502
    sim.control("faults", None, "DELETE")
    assert search(sim).status == 200


def test_rules_that_make_no_sense_are_refused_and_change_nothing(sim):
    fault(sim, "error")
    for rules in ([{"kind": "nosuch"}], [{}], [{"kind": "error", "stauts": 500}],
                  [{"kind": "slow", "bytes_per_second": "few"}], {"kind": "error"},
                  [{"kind": "error", "regex": "("}]):
        reply = sim.get("/_sim/faults", method="POST", body=json.dumps(rules))
        assert reply.status == 400 and reply.json()["ok"] is False, rules
    assert search(sim).status == 502
