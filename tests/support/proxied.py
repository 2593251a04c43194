"""What the tests of the proxy alone share: nginx with the real configuration before stub replicas."""

import json
import xml.etree.ElementTree

import pytest
from proxy import Proxy
from stub_replica import StubReplica, cacheable, uncacheable

SVG = "{http://www.w3.org/2000/svg}"
KEY = {"X-API-Key": "0123456789abcdef"}


@pytest.fixture(scope="module")
def shared_proxy():
    """One proxy with two replicas and one control port for all tests of this file; tests use paths of their own."""
    a, b, control = StubReplica(), StubReplica(), StubReplica(uncacheable())
    with Proxy([a.address, b.address], [control.address]) as proxy:
        proxy.replicas, proxy.control = [a, b], control
        yield proxy
    for stub in (a, b, control):
        stub.stop()


@pytest.fixture
def proxy(shared_proxy):
    for stub in shared_proxy.replicas:
        stub.stop()
        stub.start()
        stub.answer = cacheable()
        stub.seen.clear()
        stub.connections.clear()
    shared_proxy.control.answer = uncacheable()
    shared_proxy.control.seen.clear()
    return shared_proxy


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
    _assert_headers_of_a_problem(answer)
    return problem


def assert_picture_of_a_problem(answer, status):
    """The same as a picture that can be read; returns its title and its words."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "image/svg+xml"
    _assert_headers_of_a_problem(answer)
    assert len(answer.headers["X-Request-ID"]) == 32
    svg = xml.etree.ElementTree.fromstring(answer.content)
    assert svg.tag == SVG + "svg" and svg.get("role") == "img"
    title, words = svg.find(SVG + "title").text, svg.find(SVG + "desc").text
    assert title.startswith(f"{status} ") and words.endswith(".")
    drawn = svg.findall(SVG + "text")
    assert [one.text for one in drawn] == [title, words]
    assert 7 * len(words) + 2 * 16 <= int(svg.get("width")) and int(svg.get("height")) <= 80
    assert not svg.findall(SVG + "style"), "the policy would not let it"
    return title, words


def _assert_headers_of_a_problem(answer):
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def assert_raw_problem(received, status):
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == status
