"""The proxy alone: what it keeps, and what reaches a replica."""

import threading
import time

import pytest
from proxied import answers, assert_problem, KEY, seen
from stub_replica import CACHEABLE, Answer, cacheable, uncacheable


# ---- The cache

def test_a_second_request_is_answered_from_the_cache(proxy):
    first, second = proxy.request("/second"), proxy.request("/second")
    assert [first.headers["X-Cache"], second.headers["X-Cache"]] == ["MISS", "HIT"]
    assert first.content == second.content
    assert len(seen(proxy)) == 1


@pytest.mark.parametrize("target", ["/asked?for=once", "/pull_requests/4711"])
def test_what_there_is_no_end_of_is_kept_when_it_is_asked_for_again(proxy, target):
    assert [proxy.request(target).headers["X-Cache"] for _ in range(3)] == ["MISS", "MISS", "HIT"]
    assert len(seen(proxy)) == 2


def test_a_flood_of_distinct_query_strings_leaves_no_files(proxy):
    proxy.request("/kept")
    before = proxy.cached_files()
    for number in range(100):
        assert proxy.request(f"/flood?n={number}").status == 200
    assert proxy.cached_files() == before
    assert proxy.request("/kept").headers["X-Cache"] == "HIT"


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
    while not proxy.cached_file(target).exists():
        assert len(seen(proxy)) < 2  # one with a query is kept from the second on
        proxy.request(target)
    asked = len(seen(proxy))
    proxy.age(target, 4)
    proxy.request(target)  # the refresh behind the answer
    deadline = time.monotonic() + 5
    while len(seen(proxy)) <= asked and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [one.target for one in seen(proxy)] == [target] * (asked + 1)


def test_a_read_passes_no_body(proxy):
    assert proxy.request("/body", body=b"x" * 100).status == 200
    assert (seen(proxy)[0].body, seen(proxy)[0].header("Content-Length")) == (b"", None)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_passes_its_body_and_key_and_is_not_kept(proxy, method):
    for _ in range(2):
        proxy.request("/api/v1/topics/x", method, headers={**KEY, "Authorization": "Bearer k"}, body=b'{"repos":[]}')
    assert [one.body for one in seen(proxy)] == [b'{"repos":[]}'] * 2
    assert seen(proxy)[0].header("X-API-Key") == KEY["X-API-Key"]
    assert seen(proxy)[0].header("Authorization") == "Bearer k"


def test_a_chunked_body_arrives_with_its_length(proxy):
    proxy.raw(b"POST /api/v1/topics/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    got = seen(proxy)[0]
    assert (got.body, got.header("Content-Length"), got.header("Transfer-Encoding")) == (b"abcde", "5", None)


def test_a_delete_passes_its_key_and_no_body(proxy):
    proxy.request("/api/v1/topics/x", "DELETE", headers=KEY, body=b"abc")
    got = seen(proxy)[0]
    assert (got.method, got.body, got.header("X-API-Key")) == ("DELETE", b"", KEY["X-API-Key"])


def test_a_key_too_long_arrives_as_a_wrong_one(proxy):
    proxy.request("/api/v1/topics/x", "POST", headers={"X-API-Key": "k" * 300, "Authorization": "Bearer " + "k" * 600})
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
