"""Whatever a client sends, it gets a 4xx, or for what is no HTTP a closed connection: never a 5xx, a hang or a crash."""

import json
import random
import re
import socket
import threading
import time
from urllib.parse import quote

import pytest
from contract import assert_problem
from stack import request, wait_until

GET = "GET {} HTTP/1.1\r\nHost: repopulse\r\n"
SLOW_CLIENTS = 40
SLOW_SECONDS_MAX = 25


@pytest.fixture(scope="module", autouse=True)
def unharmed(service):
    """The processes that run at the end are those that ran at the beginning, and they answer as before."""
    before, answer = service.pids(), service.get("/api/popularity/kubernetes")
    yield
    assert service.pids() == before
    again = service.get("/api/popularity/kubernetes")
    assert (again.status, again.body) == (200, answer.body)
    assert service.get("/readyz").status == 200


@pytest.fixture(scope="module", autouse=True)
def slow_clients(service, unharmed):
    """Requests that are begun and never finished, there while all these tests run."""
    parts = [b"G", b"GET /api/kubernetes", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST /update_cache HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"]
    clients = []
    for number in range(SLOW_CLIENTS):
        clients.append(socket.create_connection(("127.0.0.1", service.port), 30))
        clients[-1].sendall(parts[number % len(parts)])
    yield clients, time.monotonic()
    for client in clients:
        client.close()


def raw(service, data, wait=10.0, then=None):
    """All that comes back until the connection ends; AssertionError when it does not end in time."""
    until = time.monotonic() + wait
    with socket.create_connection(("127.0.0.1", service.port), wait) as connection:
        received = b""
        try:
            connection.sendall(data)
            if then:
                then(connection)
            while time.monotonic() < until:
                connection.settimeout(max(0.01, until - time.monotonic()))
                more = connection.recv(65536)
                if not more:
                    return received
                received += more
        except (ConnectionResetError, BrokenPipeError):
            return received
        except TimeoutError:
            pass
    raise AssertionError(f"the connection is still open after {wait} s; received {received[:300]!r}")


def statuses(received):
    """The status of every answer in what was received."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


def closing(target, *headers, method="GET", version="HTTP/1.1"):
    """A request after which the connection ends."""
    lines = [f"{method} {target} {version}", "Host: repopulse", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def assert_refused(received, *allowed):
    """One answer of 4xx (one of these), problem+json, or none at all."""
    found = statuses(received)
    assert all(400 <= status < 500 or status == 505 for status in found), received[:300]
    if allowed:
        assert found and found[0] in allowed, received[:300]
    if found:
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"application/problem+json" in head, head
        assert json.loads(body)["status"] == found[0]


# ---- Sizes

@pytest.mark.parametrize("size, status", [(4_000, 414), (20_000, 414), (31_000, 414)])
@pytest.mark.parametrize("target", ["/api/{}", "/api/v1/topics?x={}", "/{}"])
def test_a_url_that_is_too_long_is_414(service, target, size, status):
    assert_problem(service.get(target.format("a" * size)), status)


def test_a_url_beyond_all_measure_is_refused(service):
    assert_refused(raw(service, closing("/" + "a" * 200_000)), 414)


@pytest.mark.parametrize("count", [1_000, 2_900])
def test_many_slashes_are_one(service, count):
    assert_problem(service.get("/" * count + "nothing"), 404)
    answer = service.get("/" * count + "api/shelf")
    assert answer.status == 200


@pytest.mark.parametrize("count", [15_000, 30_000])
@pytest.mark.parametrize("target", ["{}", "/api{}kubernetes", "/a/{}?x"])
def test_fifteen_thousand_slashes_are_refused(service, count, target):
    assert_problem(service.get(target.format("/" * count)), 414)


@pytest.mark.parametrize("target", ["/a" * 1_500, "/api/v1/topics?" + "a=b&" * 700, "/api/v1/topics?" + "&" * 2_900, "/api/v1/topics" + "?" * 2_900,
                                    "/api/" + "%61" * 1_000], ids=["segments", "parameters", "ampersands", "question-marks", "escapes"])
def test_many_parts_are_refused(service, target):
    answer = service.get(target)
    if set(target.partition("?")[2]) == {"&"}:
        assert answer.status == 200  # so many parameters without a name are none
    else:
        assert answer.status in (400, 404), answer.text
        assert_problem(answer, answer.status)


@pytest.mark.parametrize("size", [9_000, 30_000, 100_000, 1_000_000])
def test_a_header_that_is_too_large_reaches_nobody(service, size):
    received = raw(service, closing("/api/shelf", "X-Large: " + "a" * size))
    if size < 32_000 and statuses(received) == [200]:
        return  # within what the proxy takes; it is not passed on
    assert_refused(received, 400, 431)


def test_many_headers_reach_nobody(service):
    received = raw(service, closing("/api/shelf", *(f"X-Header-{number}: value" for number in range(3_000))))
    if statuses(received) != [200]:
        assert_refused(received, 400, 431)


@pytest.mark.parametrize("header", ["Cookie", "Cache-Control", "Date", "Accept", "Accept-Charset", "Content-Type", "Expect", "Range", "If-Modified-Since",
                                    "Upgrade", "Transfer-Encoding-X", "User-Agent", "Referer", "Authorization", "X-API-Key", "If-None-Match", "X-Real-IP",
                                    "X-Forwarded-For", "Accept-Encoding", "Server", "Location", "Access-Control-Request-Method"])
@pytest.mark.parametrize("value", ["=;,\"\\", "\xff\xfe\xe9", "a" * 7_000, "max-age=x, ;;;==", "%00%0a", "0", "-1", "\t"])
def test_no_header_of_a_client_makes_a_replica_stumble(service, header, value):
    received = raw(service, closing("/db/shelf", f"{header}: {value}"))
    assert statuses(received)[:1] in ([200], [304], [400], [417], [412], [431]), received[:300]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("size", [8_193, 100_000])
def test_a_body_that_is_too_large_is_413(service, method, size):
    path = {"POST": "/update_cache", "PUT": "/api/v1/topics/put-me"}[method]
    begin = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {size}", "", "")).encode()
    received = raw(service, begin + b"a" * size)
    assert_refused(received, 413)


def test_a_body_where_none_belongs_is_left_unread(service):
    for method in ("GET", "DELETE", "OPTIONS"):
        answer = request(service.url + "/api/v1/topics/shelf", method, body=b"{" * 5_000)
        assert answer.status < 500


# ---- Methods and targets

@pytest.mark.parametrize("method", ["PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW", "GETGET", "get", "A" * 300, "G\x00T", "G ET", "GET\t"])
def test_an_unknown_method_is_refused(service, method):
    assert_refused(raw(service, closing("/api/shelf", method=method)), 400, 405)


@pytest.mark.parametrize("target", ["", "api/shelf", "http://", "*", "..", "//", "/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/%2e%2e/shelf",
                                    "/api/..%2fshelf", "/\\..\\..", "http://evil.example/api/shelf", "/#/api", "/api/shelf#x", "?", "/?", "/;x=y", "/:", "/.problem.svg",
                                    "/assets/../../conf/proxy.conf", "/assets/%2e%2e/%2e%2e/secrets/admin-key", "/assets//etc/passwd"])
def test_odd_targets_are_answered_or_refused(service, target):
    received = raw(service, closing(target))
    found = statuses(received)
    assert found and found[0] < 500, received[:300]
    assert b"root:" not in received and service.admin_key.encode() not in received


@pytest.mark.parametrize("text", ["%", "%z", "%0", "%zz", "%%", "%u0041", "a%2", "%00", "a%00b", "%0d%0aX-Injected:%20yes", "%ff%fe", "%c0%af", "%ed%a0%80"])
@pytest.mark.parametrize("target", ["/api/{}", "/db/popularity/{}", "/api/v1/topics/{}", "/api/v1/repos/{}/x", "/api/v1/repos?q={}", "/api/v1/topics?{}=1",
                                    "/maintenance/jobs/{}", "/{}"])
def test_bad_escapes_are_refused(service, target, text):
    received = raw(service, closing(target.format(text), f"X-API-Key: {service.admin_key}"))
    found = statuses(received)
    assert found and (found[0] == 200 or 400 <= found[0] < 500), received[:300]
    assert b"\r\nX-Injected" not in received
    if found[0] == 200:  # a search for odd text may find nothing
        assert target == "/api/v1/repos?q={}"
    else:
        assert_refused(received)


@pytest.mark.parametrize("data", [b"\x00", b" ", b"\x01\x02", b"\xff\xff", "é".encode()])
def test_raw_bytes_in_a_target_are_refused(service, data):
    received = raw(service, b"GET /api/a" + data + b"b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert_refused(received, 400)


VALUES = ["' OR '1'='1", "1; DROP TABLE topics", "\" UNION SELECT 1 -- ", "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "../../../etc/passwd",
          "%s%s%s%n", "\\x00", "NaN", "1e309", "--0", "9" * 400, "0" * 400 + "x", "9223372036854775808", "-9223372036854775809", "null", "[]", "{}", "true",
          "\u202e\u0000".replace("\u0000", ""), "\U0001f680" * 30, "٣"]
PARAMETERS = {"/api/v1/topics/shelf/repositories": ("sort", "min_stars", "archived", "per_page", "cursor", "format"), "/api/v1/repos": ("active", "per_page", "cursor"),
              "/api/v1/topics": ("cursor", "per_page", "format")}


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values_meant_to_harm_are_named_and_refused(service, value):
    for path, names in PARAMETERS.items():
        for name in names:
            if (name, value) in (("archived", "true"), ("active", "true")):
                continue
            problem = assert_problem(service.get(f"{path}?{name}={quote(value)}"), 400)
            assert [error["parameter"] for error in problem["errors"]] == [name], (path, name)
            assert len(problem["errors"][0]["value"]) <= 200
    for text in (f"/api/v1/repos?q={quote(value[:80])}", f"/api/v1/topics/shelf/repositories?language={quote(value[:80])}"):
        answer = service.get(text)
        assert answer.status in (200, 400), answer.text  # taken as text, which may be somewhere
    assert service.get(f"/api/{quote(value, safe='')}").status in (400, 404)


def test_tables_are_still_there(service):
    assert len(service.sql("SELECT name FROM topics")) >= 5


@pytest.mark.parametrize("query", ["per_page=1&per_page=1", "sort=newest&sort=newest", "cursor=a&cursor=b", "x=1&x=2", "=", "=1", "&=&", "per_page", "per_page=1;sort=newest",
                                   "per%5fpage=0", "PER_PAGE=5", "per_page[]=5", "sort=", "?per_page=1", "per_page=1?"])
def test_odd_queries_are_400(service, query):
    assert_problem(service.get(f"/api/v1/topics/shelf/repositories?{query}"), 400)


# ---- Headers that steer the proxy or the replica

def test_a_client_cannot_speak_for_the_proxy(service):
    for name, value in (("X-Request-Target", "/metrics"), ("X-Original-URL", "/metrics"), ("X-Rewrite-URL", "/metrics"), ("X-HTTP-Method-Override", "DELETE"),
                        ("X-Accel-Redirect", "/.problem.svg"), ("Host", "127.0.0.1:1"), ("X-Forwarded-Host", "evil.example")):
        answer = service.get("/health", {name: value})
        assert (answer.status, answer.text) == (200, "ok"), name


def test_a_redirect_never_names_a_host_of_the_clients_choice(service):
    answer = service.get("/api/v1/topics/shelf/repositories?per_page=1", {"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in str(answer.headers)


# ---- What is no HTTP

NOT_HTTP = {
    "nothing-but-lines": b"\r\n" * 2_000, "zeros": b"\x00" * 5_000, "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
    "binary": random.Random(1).randbytes(3_000), "one-word": b"HELLO\r\n\r\n", "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http-9": b"GET / HTTP/9.9\r\n\r\n",
    "no-version": b"GET /\r\n\r\n", "bad-version": b"GET / HTTP/x\r\n\r\n", "no-host": b"GET /api/shelf HTTP/1.1\r\n\r\n", "two-hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "space-before-colon": b"GET /db/shelf HTTP/1.1\r\nHost : a\r\n\r\n", "header-without-colon": b"GET /db/shelf HTTP/1.1\r\nHost: a\r\nNonsense\r\n\r\n",
    "nul-in-header": b"GET /db/shelf HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", "ftp": b"USER anonymous\r\nPASS x\r\n", "redis": b"*1\r\n$4\r\nPING\r\n",
    "response": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "negative-length": b"POST /update_cache HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "two-lengths": b"POST /update_cache HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "length-and-chunks": b"POST /update_cache HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad-chunks": b"POST /update_cache HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "huge-chunk": b"PUT /api/v1/topics/put-me HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n",
    "unknown-coding": b"POST /update_cache HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc",
}


@pytest.mark.parametrize("name", list(NOT_HTTP))
def test_broken_http_is_refused_and_the_connection_ends(service, name):
    def hang_up(connection):
        connection.shutdown(socket.SHUT_WR)

    received = raw(service, NOT_HTTP[name], then=hang_up)
    found = statuses(received)
    if name == "no-version" and not found:
        return  # HTTP/0.9 answers have no status line
    assert not [status for status in found if status >= 500 and status not in (501, 505)], received[:300]
    assert service.get("/health").text == "ok"


def test_a_chunked_body_cut_between_its_bytes_is_read_by_the_proxy(service):
    """This hangs a worker of the replica's HTTP library for good, were it to see it."""
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
            connection.sendall("PUT /api/v1/topics/nobody HTTP/1.1\r\nHost: x\r\nX-API-Key: wrong\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nabcde\r".encode())
            time.sleep(0.02)
            connection.sendall(b"\n0\r\n\r\n")
            assert b" 403 " in connection.recv(200)
    for name in ("a", "b"):
        assert service.ask(name, "/livez", timeout=5).status == 200


def test_pipelined_requests_are_each_answered_in_order(service):
    wanted = ["/health", "/test", "/api/nobody-tracks-this", "/health", "/db/-", "/test"]
    data = "".join(GET.format(path) + "\r\n" for path in wanted[:-1]).encode() + closing(wanted[-1])
    received = raw(service, data)
    assert statuses(received) == [200, 200, 404, 200, 400, 200]
    assert received.index(b"ok") < received.index(b"Oh, Hello World") < received.rindex(b"Oh, Hello World")


def test_junk_behind_a_request_is_its_own_mistake(service):
    received = raw(service, (GET.format("/health") + "\r\n").encode() + b"\x00\x01\x02 junk \xff\r\n\r\n")
    assert statuses(received)[:1] == [200] and all(status < 500 for status in statuses(received))


def test_a_smuggled_request_is_not_executed(service):
    inner = f"DELETE /api/v1/topics/shelf HTTP/1.1\r\nHost: x\r\nX-API-Key: {service.admin_key}\r\n\r\n"
    for headers in (f"Content-Length: {len(inner)}\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                    f"Content-Length: {len(inner)}"):
        data = f"GET /db/metrics HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{inner}".encode()
        raw(service, data, then=lambda connection: connection.shutdown(socket.SHUT_WR))
    assert service.ask("a", "/db/shelf").status == 200


# ---- Slow and impatient clients

def test_others_are_served_while_slow_clients_wait(service, slow_clients):
    times = []
    for _ in range(20):
        began = time.monotonic()
        assert service.get("/db/shelf").status == 200
        times.append(time.monotonic() - began)
    assert sorted(times)[10] < 0.5


def test_clients_that_go_away_leave_nothing_behind(service):
    def go_away():
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", service.port), 5) as connection:
                connection.sendall((GET.format("/db/popularity/kubernetes") + "\r\n").encode())

    clients = [threading.Thread(target=go_away) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    began = time.monotonic()
    assert service.get("/db/popularity/kubernetes").status == 200
    assert time.monotonic() - began < 3


def test_slow_clients_are_sent_away_in_the_end(slow_clients):
    """The last test of the module: most of the wait has passed by now."""
    clients, began = slow_clients

    def ended(client):
        client.settimeout(0.01)
        try:
            while chunk := client.recv(4096):
                assert b" 5" not in chunk[:12]
            return True
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True

    wait_until(lambda: all(ended(client) for client in clients if client.fileno() >= 0), SLOW_SECONDS_MAX, what="the end of the slow connections")
    assert time.monotonic() - began < SLOW_SECONDS_MAX + 60
