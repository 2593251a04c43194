"""The proxy alone: nginx with the real configuration before stub replicas. What it keeps, passes, refuses and answers itself."""

import json
import threading
import time

import pytest
from proxy import Proxy
from stub_replica import CACHEABLE, Answer, StubReplica, cacheable, uncacheable

KEY = {"X-API-Key": "0123456789abcdef"}


@pytest.fixture(scope="module")
def shared():
    """One proxy with two replicas and one control port for all tests of this file; tests use paths of their own."""
    a, b, control = StubReplica(), StubReplica(), StubReplica(uncacheable())
    with Proxy([a.address, b.address], [control.address]) as proxy:
        proxy.replicas, proxy.control = [a, b], control
        yield proxy
    for stub in (a, b, control):
        stub.stop()


@pytest.fixture
def proxy(shared):
    for stub in shared.replicas:
        stub.stop()
        stub.start()
        stub.answer = cacheable()
        stub.seen.clear()
        stub.connections.clear()
    shared.control.answer = uncacheable()
    shared.control.seen.clear()
    return shared


def answers(proxy, answer):
    for stub in proxy.replicas:
        stub.answer = answer


def seen(proxy):
    return [one for stub in proxy.replicas for one in stub.seen]


def assert_problem(answer, status):
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert problem["status"] == status
    assert problem["type"] and problem["title"] and problem["detail"]
    assert problem["instance"] == answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return problem


def assert_raw_problem(received, status):
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == status


# ---- The cache

def test_a_second_request_is_answered_from_the_cache(proxy):
    first, second = proxy.request("/second"), proxy.request("/second")
    assert [first.headers["X-Cache"], second.headers["X-Cache"]] == ["MISS", "HIT"]
    assert first.content == second.content
    assert len(seen(proxy)) == 1


def test_an_entry_older_than_a_second_is_answered_at_once_and_refreshed_behind(proxy):
    proxy.request("/stale")
    hold = threading.Event()
    answers(proxy, Answer(body=b"new", wait=hold, headers=cacheable().headers))
    proxy.age("/stale", 4)
    assert proxy.request("/stale").content == b"[1]"  # the replica has not answered yet
    assert proxy.request("/stale").headers["X-Cache"] == "UPDATING"
    hold.set()
    deadline = time.monotonic() + 5
    while proxy.request("/stale").content != b"new":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(seen(proxy)) == 2


def test_an_entry_past_stale_while_revalidate_is_not_answered_while_a_replica_is_there(proxy):
    proxy.request("/past")
    answers(proxy, cacheable(b"new"))
    proxy.age("/past", 8)
    answer = proxy.request("/past")
    assert (answer.content, answer.headers["X-Cache"]) == (b"new", "EXPIRED")


@pytest.mark.parametrize("age", [8, 3600, 80000])
def test_stale_answers_for_a_day_when_every_replica_is_gone(proxy, age):
    target = f"/gone/{age}"
    proxy.request(target)
    for stub in proxy.replicas:
        stub.stop()
    proxy.age(target, age)
    answer = proxy.request(target)
    assert (answer.status, answer.content, answer.headers["X-Cache"]) == (200, b"[1]", "STALE")


def test_nothing_older_than_a_day_is_answered(proxy):
    proxy.request("/gone/long")
    for stub in proxy.replicas:
        stub.stop()
    proxy.age("/gone/long", 90000)
    assert_problem(proxy.request("/gone/long"), 502)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_stale_answers_when_replicas_fail(proxy, status):
    proxy.request(f"/fails/{status}")
    answers(proxy, uncacheable(status))
    proxy.age(f"/fails/{status}", 8)
    answer = proxy.request(f"/fails/{status}")
    assert (answer.status, answer.headers["X-Cache"]) == (200, "STALE")


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_a_replicas_refusal_is_passed_on_and_not_hidden_by_an_old_entry(proxy, status):
    proxy.request(f"/refuses/{status}")
    answers(proxy, uncacheable(status, b"refused"))
    proxy.age(f"/refuses/{status}", 8)
    answer = proxy.request(f"/refuses/{status}")
    assert (answer.status, answer.content) == (status, b"refused")


def test_no_store_is_never_kept(proxy):
    answers(proxy, uncacheable())
    for _ in range(3):
        proxy.request("/no-store")
    assert len(seen(proxy)) == 3


def test_an_answer_that_says_nothing_of_caching_is_not_kept(proxy):
    answers(proxy, Answer())
    proxy.request("/silent")
    proxy.request("/silent")
    assert len(seen(proxy)) == 2


@pytest.mark.parametrize("answer", [cacheable(), uncacheable(404, b"nothing")], ids=["kept", "not-kept"])
def test_concurrent_first_requests_do_not_wait_for_one_another(proxy, answer):
    answers(proxy, answer)
    got, began = [], time.monotonic()
    threads = [threading.Thread(target=lambda: got.append(proxy.request(f"/crowd/{answer.status}").status)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [answer.status] * 16
    assert time.monotonic() - began < 0.4


def test_an_old_entry_is_revalidated_with_its_etag(proxy):
    proxy.request("/revalidate")
    answers(proxy, Answer(304, b"", {"Cache-Control": CACHEABLE, "ETag": '"one"'}))
    proxy.age("/revalidate", 8)
    answer = proxy.request("/revalidate")
    assert (answer.status, answer.content, answer.headers["X-Cache"]) == (200, b"[1]", "REVALIDATED")
    assert [one.header("If-None-Match") for one in seen(proxy)].count('"one"') == 1


def test_a_client_with_the_etag_gets_304_also_on_a_miss(proxy):
    for expected in ("MISS", "HIT"):
        answer = proxy.request("/etag", headers={"If-None-Match": '"one"'})
        assert (answer.status, answer.content, answer.headers["X-Cache"]) == (304, b"", expected)
        assert answer.headers["ETag"] == '"one"'
    assert seen(proxy)[0].header("If-None-Match") is None


def test_head_is_answered_from_the_entry_of_get(proxy):
    assert proxy.request("/head", "HEAD").headers["X-Cache"] == "MISS"
    assert proxy.request("/head").headers["X-Cache"] == "HIT"
    head = proxy.request("/head", "HEAD")
    assert (head.content, head.headers["Content-Length"], head.headers["ETag"]) == (b"", "3", '"one"')
    assert [one.method for one in seen(proxy)] == ["GET"]


def test_gzip_and_plain_are_kept_apart(proxy):
    answers(proxy, lambda asked: cacheable(b"gz" if asked.header("Accept-Encoding") == "gzip" else b"plain"))
    assert proxy.request("/variants").content == b"plain"
    assert proxy.request("/variants", headers={"Accept-Encoding": "gzip"}).content == b"gz"
    assert proxy.request("/variants").content == b"plain"


@pytest.mark.parametrize("asked, passed", [
    ("gzip, deflate, br", "gzip"), ("br;q=1.0, gzip;q=0.8", "gzip"), ("x-gzip", "gzip"), ("GZIP;q=0.001", "gzip"),
    ("gzip;q=0", None), ("gzip;q=0.000, br", None), ("br", None), ("*", None), ("notgzip", None), ("", None)])
def test_accept_encoding_is_reduced_to_gzip_or_nothing(proxy, asked, passed):
    answers(proxy, uncacheable())
    proxy.request("/encoding", headers={"Accept-Encoding": asked})
    assert seen(proxy)[-1].header("Accept-Encoding") == passed


def test_the_query_is_part_of_the_key(proxy):
    answers(proxy, lambda asked: cacheable(asked.target.encode()))
    assert proxy.request("/query?a=1").content == b"/query?a=1"
    assert proxy.request("/query?a=2").content == b"/query?a=2"


# ---- What reaches a replica

def test_only_the_short_list_of_headers_is_passed(proxy):
    proxy.request("/headers", headers={
        "Host": "evil.example:99999", "Cookie": "a=b", "Date": "yesterday", "Cache-Control": "no-cache", "Accept": "???",
        "X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", "X-Request-ID": "mine", "Range": "bytes=0-1", "TE": "trailers",
        "Authorization": "Bearer secret", "Content-Type": "a", "Expect": "", "Upgrade": "h2c", **KEY})
    got = seen(proxy)[0]
    assert got.names() == ["connection", "host", "x-real-ip", "x-request-id", "x-request-target"]
    assert (got.header("Host"), got.header("Connection"), got.header("X-Real-IP")) == ("repopulse", "keep-alive", "127.0.0.1")
    assert got.header("X-Request-Target") == got.target


def test_the_request_id_is_the_same_for_client_and_replica_and_of_this_request(proxy):
    answers(proxy, cacheable(**{"X-Request-ID": "of-the-first"}))
    first, second = proxy.request("/id"), proxy.request("/id")
    assert first.headers["X-Request-ID"] == seen(proxy)[0].header("X-Request-ID")
    assert len(second.headers.get_all("X-Request-ID")) == 1
    assert second.headers["X-Request-ID"] not in ("of-the-first", first.headers["X-Request-ID"])


@pytest.mark.parametrize("target", ["/api/metrics/average_pr_time/owner%2Frepo", "//double//slash/", "/a%20b/%C3%A9?q=%2F&q=+", "/a/../b/./c"])
def test_the_url_arrives_as_it_was_sent(proxy, target):
    proxy.request(target)
    assert seen(proxy)[0].target == target
    proxy.age(target, 4)
    proxy.request(target)  # the refresh behind the answer
    deadline = time.monotonic() + 5
    while len(seen(proxy)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [one.target for one in seen(proxy)] == [target, target]


def test_a_read_passes_no_body(proxy):
    assert proxy.request("/body", body=b"x" * 100).status == 200
    assert (seen(proxy)[0].body, seen(proxy)[0].header("Content-Length")) == (b"", None)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_passes_its_body_and_key_and_is_not_kept(proxy, method):
    for _ in range(2):
        proxy.request("/api/repos/", method, headers={**KEY, "Authorization": "Bearer k"}, body=b'{"repos":[]}')
    assert [one.body for one in seen(proxy)] == [b'{"repos":[]}'] * 2
    assert seen(proxy)[0].header("X-API-Key") == KEY["X-API-Key"]
    assert seen(proxy)[0].header("Authorization") == "Bearer k"


def test_a_chunked_body_arrives_with_its_length(proxy):
    proxy.raw(b"POST /api/repos/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    got = seen(proxy)[0]
    assert (got.body, got.header("Content-Length"), got.header("Transfer-Encoding")) == (b"abcde", "5", None)


def test_a_delete_passes_its_key_and_no_body(proxy):
    proxy.request("/api/v1/topics/x", "DELETE", headers=KEY, body=b"abc")
    got = seen(proxy)[0]
    assert (got.method, got.body, got.header("X-API-Key")) == ("DELETE", b"", KEY["X-API-Key"])


def test_a_key_too_long_arrives_as_a_wrong_one(proxy):
    proxy.request("/api/repos/", "POST", headers={"X-API-Key": "k" * 300, "Authorization": "Bearer " + "k" * 600})
    assert (seen(proxy)[0].header("X-API-Key"), seen(proxy)[0].header("Authorization")) == ("too-long", "Bearer too-long")


def test_the_largest_request_fits_a_replicas_16_kib(proxy):
    target = "/" + "a" * 3071
    proxy.request(target, "PUT", headers={"X-API-Key": "k" * 256, "Authorization": "B" * 512, "Cookie": "c" * 20000}, body=b"x" * 6144)
    got = seen(proxy)[0]
    size = len(got.target) + len(got.body) + sum(len(name) + len(value) + 4 for name, value in got.headers) + 30
    assert size < 14 * 1024


def test_the_longest_url_may_come_back_in_a_header_and_is_kept(proxy):
    target = "/" + "q" * 3071
    answers(proxy, cacheable(Link=f'<{target}&cursor={"c" * 400}>; rel="next"'))
    assert [proxy.request(target).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_options_passes_uncached(proxy):
    for _ in range(2):
        assert proxy.request("/options", "OPTIONS").status == 200
    assert [one.method for one in seen(proxy)] == ["OPTIONS", "OPTIONS"]


# ---- Where requests go

@pytest.mark.parametrize("method, target", [
    ("POST", "/maintenance/collect?wait=5"), ("POST", "/api/v1/maintenance/bootstrap"), ("GET", "/bootstrap_db"), ("POST", "/bootstrap_db"),
    ("GET", "/update_cache"), ("POST", "//update_cache"), ("GET", "/update_cache/")])
def test_maintenance_goes_to_the_control_port_with_its_key(proxy, method, target):
    assert proxy.request(target, method, headers=KEY, body=b"abc").status == 200
    got = proxy.control.seen[0]
    assert (got.method, got.target, got.body, got.header("X-API-Key")) == (method, target, b"", KEY["X-API-Key"])
    assert not seen(proxy)


@pytest.mark.parametrize("target", ["/maintenance/jobs/7", "/api/v1/maintenance/jobs/7", "/readyz", "/livez"])
def test_jobs_and_health_go_to_the_replicas_uncached_with_the_key(proxy, target):
    for _ in range(2):
        proxy.request(target, headers=KEY)  # the stub says it may be kept
    assert [one.header("X-API-Key") for one in seen(proxy)] == [KEY["X-API-Key"]] * 2
    assert not proxy.control.seen


@pytest.mark.parametrize("target", ["/metrics", "/metrics/", "//metrics", "/%6Detrics", "/x/../metrics", "/metrics?a"])
def test_the_replicas_metrics_are_not_shown(proxy, target):
    assert_problem(proxy.request(target), 404)
    assert not seen(proxy)


def test_the_predecessors_metrics_paths_pass(proxy):
    assert proxy.request("/metrics/events-total-count?offset=1").status == 200


def test_basic_status_is_nginx_own(proxy):
    assert proxy.request("/basic_status").content.startswith(b"Active connections")
    assert not seen(proxy)


def test_the_site_has_a_strict_policy_and_is_not_asked_of_replicas(proxy):
    page = proxy.request("/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert (page.headers["X-Content-Type-Options"], page.headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert b"http://" not in page.content and b"https://" not in page.content
    for asset, kind in (("site.css", "text/css"), ("icon.svg", "image/svg+xml")):
        assert f"/assets/{asset}".encode() in page.content
        assert proxy.request(f"/assets/{asset}").headers["Content-Type"].startswith(kind)
    assert_problem(proxy.request("/assets/none.js"), 404)
    assert not seen(proxy)


def test_answers_of_the_api_carry_security_headers_once(proxy):
    answers(proxy, cacheable(**{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "origin"}))
    answer = proxy.request("/secure")
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert answer.headers.get_all("Content-Security-Policy") == ["default-src 'none'; frame-ancestors 'none'"]
    assert answer.headers["Server"] == "nginx"


def test_a_replicas_own_content_policy_stands(proxy):
    answers(proxy, cacheable(**{"Content-Security-Policy": "default-src 'self'"}))
    for _ in range(2):
        assert proxy.request("/own-policy").headers.get_all("Content-Security-Policy") == ["default-src 'self'"]


# ---- Replicas that fail

def test_no_request_fails_while_one_replica_is_gone_and_it_is_used_again_when_back(proxy):
    answers(proxy, uncacheable())
    lost = proxy.replicas[0]
    lost.stop()
    assert {proxy.request(f"/dead/{n}").status for n in range(20)} == {200}
    lost.start()
    lost.seen.clear()
    assert {proxy.request(f"/dead/{n}").status for n in range(4)} == {200}
    assert lost.seen


@pytest.mark.parametrize("fault", [Answer(cut=True), uncacheable(502), uncacheable(503), uncacheable(504)])
def test_a_read_that_one_replica_fails_is_asked_of_the_other(proxy, fault):
    proxy.replicas[0].answer = fault
    proxy.replicas[1].answer = uncacheable(200)
    assert [proxy.request(f"/fault/{n}").status for n in range(6)] == [200] * 6


@pytest.mark.parametrize("target", ["/api/repos/", "/maintenance/collect"])
def test_a_post_that_was_sent_is_never_repeated(proxy, target):
    answers(proxy, Answer(cut=True))
    proxy.control.answer = Answer(cut=True)
    assert_problem(proxy.request(target, "POST", body=b"{}"), 502)
    assert len(seen(proxy)) + len(proxy.control.seen) == 1


def test_at_most_two_replicas_are_tried(proxy):
    answers(proxy, uncacheable(503, b"mine"))
    assert proxy.request("/both-fail").content == b"mine"  # the last one's own answer
    assert len(seen(proxy)) == 2


def test_502_says_when_to_come_back(proxy):
    for stub in proxy.replicas:
        stub.stop()
    answer = proxy.request("/nobody")
    assert_problem(answer, 502)
    assert int(answer.headers["Retry-After"]) > 0


def test_504_when_a_replica_hangs_on_a_write(proxy):
    hold = threading.Event()
    answers(proxy, Answer(wait=hold))
    answer = proxy.request("/hangs", "POST")
    hold.set()
    assert_problem(answer, 504)
    assert int(answer.headers["Retry-After"]) > 0


def test_connections_to_replicas_are_kept(proxy):
    for n in range(10):
        proxy.request(f"/keep/{n}")
    assert all(len(stub.connections) <= 2 for stub in proxy.replicas)  # one for each worker at most


# ---- What is refused

@pytest.mark.parametrize("method", ["PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW"])
@pytest.mark.parametrize("target", ["/refused", "/readyz", "/maintenance/collect", "/"])
def test_unknown_methods_are_405(proxy, method, target):
    answer = proxy.request(target if method != "CONNECT" else "a:1", method)
    if method == "CONNECT":
        assert answer.status in (400, 405)  # nginx reads its target as no URL
        return
    assert_problem(answer, 405)
    assert "GET" in answer.headers["Allow"]
    assert not seen(proxy) and not proxy.control.seen


def test_writes_to_the_site_are_405(proxy):
    assert_problem(proxy.request("/", "POST", body=b"x"), 405)


def test_a_long_url_is_414_and_the_longest_allowed_passes(proxy):
    assert proxy.request("/" + "a" * 3071).status == 200
    assert_problem(proxy.request("/" + "a" * 3072), 414)
    assert_problem(proxy.request("/" + "a" * 60000), 414)


def test_large_headers_are_431(proxy):
    assert_problem(proxy.request("/headers", headers={"X-Large": "a" * 40000}), 431)
    assert_problem(proxy.request("/headers", headers={f"X-{n}": "a" * 30000 for n in range(6)}), 431)


def test_a_large_body_is_413(proxy):
    answer = proxy.raw(b"POST /api/repos/ HTTP/1.1\r\nHost: a\r\nContent-Length: 8193\r\n\r\n" + b"x" * 8193)
    assert_raw_problem(answer, 413)
    assert not seen(proxy)


@pytest.mark.parametrize("sent, status", [
    (b"garbage\r\n\r\n", 400),
    (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /x HTTP/1.1\r\n\r\n", 400),
    (b"GET /x HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    (b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"GET /x HTTP/9.0\r\nHost: a\r\n\r\n", 505)])
def test_broken_http_is_a_problem(proxy, sent, status):
    assert_raw_problem(proxy.raw(sent), status)
    assert not seen(proxy)


def test_the_error_page_cannot_be_asked_for(proxy):
    assert_problem(proxy.request("/.problem"), 404)
    assert_problem(proxy.request("/.problem", "BREW"), 404)


def test_a_client_that_sends_slowly_is_let_go(proxy):
    sooner = [("client_header_timeout 10s;", "client_header_timeout 1s;"), ("client_body_timeout 10s;", "client_body_timeout 1s;")]

    def hasten(conf):
        for old, new in sooner:
            assert old in conf
            conf = conf.replace(old, new)
        return conf

    with Proxy([stub.address for stub in proxy.replicas], change=hasten) as hasty:
        assert hasty.raw(b"GET /slow HTTP/1.1\r\nHost: a\r\n") == b""
        assert hasty.raw(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab") == b""
    assert not seen(proxy)


# ---- The limit for each client

def test_a_client_over_its_limit_is_told_when_to_come_back():
    stub = StubReplica()
    with Proxy([stub.address], rate=2) as proxy:
        got = [proxy.request("/limited") for _ in range(8)]
    stub.stop()
    assert {answer.status for answer in got} == {200, 429}
    refused = [answer for answer in got if answer.status == 429][0]
    assert_problem(refused, 429)
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["RateLimit-Policy"] == '"client";q=2;w=1'
    assert refused.headers["RateLimit"] == '"client";r=0;t=1'


def test_an_exempt_network_and_a_limit_of_zero_let_all_through():
    stub = StubReplica()
    for settings in ({"rate": 1, "exempt": ["10.0.0.0/8", "127.0.0.0/8"]}, {"rate": 0}):
        with Proxy([stub.address], **settings) as proxy:
            assert {proxy.request("/unlimited").status for _ in range(20)} == {200}
    stub.stop()


# ---- The log

def test_the_log_tells_timings_and_cache_and_no_secret(proxy):
    target = '/log?q="quoted"'
    answer = proxy.request(target, "POST", headers={"X-API-Key": "SecretSecretSecret", "Authorization": "Bearer SecretSecretSecret"})
    entry = proxy.wait_for_log(answer.headers["X-Request-ID"])
    assert entry["request"] == f"POST {target} HTTP/1.1"
    assert (entry["status"], entry["upstream_status"]) == (200, "200")
    assert entry["upstream"] in [stub.address for stub in proxy.replicas]
    assert entry["seconds"] >= 0 and float(entry["upstream_seconds"]) >= 0
    assert "SecretSecret" not in proxy.access_log.read_text() + proxy.error_log.read_text()


def test_nginx_starts_without_warnings(proxy):
    assert "[warn]" not in proxy.error_log.read_text()
    assert "[emerg]" not in proxy.error_log.read_text()
