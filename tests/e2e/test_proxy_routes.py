"""The proxy alone: where requests go, what it refuses and answers itself, limits and log."""

import gzip
import http.client
import threading

import pytest
from proxied import answers, assert_picture_of_a_problem, assert_problem, assert_raw_problem, KEY, seen
from proxy import Proxy
from stub_replica import Answer, StubReplica, cacheable, uncacheable


# ---- Where requests go

@pytest.mark.parametrize("method, target", [
    ("POST", "/maintenance/collect?wait=5"), ("POST", "/api/v1/maintenance/bootstrap"), ("GET", "/bootstrap_db"), ("POST", "/bootstrap_db"),
    ("GET", "/update_cache"), ("POST", "//update_cache"), ("GET", "/update_cache/")])
def test_maintenance_goes_to_the_control_port_with_its_key(proxy, method, target):
    assert proxy.request(target, method, headers=KEY, body=b"abc").status == 200
    got = proxy.control.seen[0]
    assert (got.method, got.target, got.body, got.header("X-API-Key")) == (method, target, b"", KEY["X-API-Key"])
    assert not seen(proxy)


@pytest.mark.parametrize("method, target", [
    ("PUT", "/api/v1/repos/a/b/tracking"), ("POST", "/api/repos/"), ("POST", "//api/repos"),
    ("POST", "/api/repos/a/b/activate/")])
def test_what_may_ask_github_goes_to_the_control_port_with_its_body_and_key(proxy, method, target):
    assert proxy.request(target, method, headers=KEY, body=b"abc").status == 200
    got = proxy.control.seen[0]
    assert (got.method, got.target, got.body, got.header("X-API-Key")) == (method, target, b"abc", KEY["X-API-Key"])
    assert not seen(proxy)


@pytest.mark.parametrize("method, target", [
    ("GET", "/api/repos/"), ("GET", "/api/v1/repos/a/b/tracking"), ("POST", "/api/reposters"), ("PUT", "/api/v1/topics/repos")])
def test_other_requests_do_not_wait_behind_it(proxy, method, target):
    proxy.request(target, method, headers=KEY)
    assert [one.target for one in seen(proxy)] == [target]
    assert not proxy.control.seen


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


def test_the_site_may_run_its_own_scripts_and_ask_its_own_service_only(proxy):
    policy = dict(part.strip().split(" ", 1) for part in proxy.request("/").headers["Content-Security-Policy"].split(";"))
    assert policy == {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "connect-src": "'self'",
                      "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}


def test_the_site_is_compressed_and_asked_for_again_only_where_it_changed(proxy):
    for path in ("/", "/assets/site.css", "/assets/js/main.js"):
        plain = proxy.request(path)
        packed = proxy.request(path, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.content) == plain.content
        assert len(packed.content) < len(plain.content) / 1.5
        assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
        again = proxy.request(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
        assert (again.status, again.content) == (304, b"")
    assert proxy.request("/assets/js/main.js").headers["Content-Type"] == "text/javascript; charset=utf-8"


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


def test_a_stream_that_ends_in_its_middle_is_never_whole_to_a_client(proxy):
    pieces = (b"first\n" * 20_000, b"second\n")
    answers(proxy, Answer(chunks=pieces, headers={"Cache-Control": "no-store"}))
    assert proxy.request("/whole").content == b"".join(pieces)
    answers(proxy, Answer(chunks=pieces, headers={"Cache-Control": "no-store"}, cut=True))
    with pytest.raises(http.client.HTTPException):
        proxy.request("/cut")


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
    for page in ("/.problem.json", "/.problem.svg", "/.problem.html"):
        assert_problem(proxy.request(page), 404)
        assert_problem(proxy.request(page, "BREW"), 404)


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


# ---- Errors of the proxy's own where a picture was asked for

PICTURES = ["/api/v1/repos/o/r/badge/events.svg", "/api/v1/repos/o/r/badge/stars.svg/", "//api/v1/repos/o/r/chart/stars.svg?theme=dark&days=90",
            "/api/metrics/events_per_minute_image/60"]
NO_PICTURES = ["/api/v1/repos/o/r/badge/events.json", "/api/v1/repos/o/r/badge/x?a=/badge/stars.svg", "/api/v1/repos/o/r/events?type=chart/stars.svg",
               "/api/metrics/event_counts/60", "/api/v1/topics/x/feed.atom"]


@pytest.mark.parametrize("target", PICTURES)
def test_what_is_wrong_with_a_picture_is_a_picture(proxy, target):
    assert_picture_of_a_problem(proxy.request(target, "BREW"), 405)
    long = target + ("&" if "?" in target else "?") + "label=" + "a" * 3072
    assert assert_picture_of_a_problem(proxy.request(long), 414) == ("414 URI Too Long", "The URL is longer than 3072 bytes.")
    assert_picture_of_a_problem(proxy.request(target, headers={"X-Large": "a" * 40000}), 431)
    for stub in proxy.replicas:
        stub.stop()
    gone = proxy.request(target)
    assert_picture_of_a_problem(gone, 502)
    assert gone.headers["Retry-After"] == "2"
    assert proxy.request(target, "HEAD").headers["Content-Length"] == str(len(gone.content))


@pytest.mark.parametrize("target", NO_PICTURES)
def test_what_is_wrong_with_the_others_is_a_problem(proxy, target):
    for stub in proxy.replicas:
        stub.stop()
    assert_problem(proxy.request(target), 502)


def test_a_replicas_own_picture_of_an_error_stands(proxy):
    answers(proxy, uncacheable(503, b"<svg/>", **{"Content-Type": "image/svg+xml"}))
    answer = proxy.request(PICTURES[0])
    assert (answer.status, answer.content) == (503, b"<svg/>")


def test_a_picture_that_takes_too_long_says_so_as_a_picture(proxy):
    def hasten(conf):
        assert conf.count("proxy_read_timeout 5s;") == 1
        return conf.replace("proxy_read_timeout 5s;", "proxy_read_timeout 200ms;")

    hold = threading.Event()
    answers(proxy, Answer(wait=hold))
    with Proxy([stub.address for stub in proxy.replicas], change=hasten) as hasty:
        late = hasty.request(PICTURES[2])
    hold.set()
    assert_picture_of_a_problem(late, 504)
    assert late.headers["Retry-After"] == "5"


# ---- The limit for each client

def test_a_client_over_its_limit_sees_it_in_pictures_too():
    stub = StubReplica()
    with Proxy([stub.address], rate=2) as proxy:
        got = [proxy.request(PICTURES[0]) for _ in range(8)]
    stub.stop()
    refused = [answer for answer in got if answer.status == 429][0]
    assert assert_picture_of_a_problem(refused, 429) == ("429 Too Many Requests", "More than 2 requests per second came from this address.")
    assert (refused.headers["Retry-After"], refused.headers["RateLimit-Policy"]) == ("1", '"client";q=2;w=1')


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
