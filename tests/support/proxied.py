"""What the tests of the proxy alone share: nginx with the real configuration before stub replicas."""

import json

import pytest
from proxy import Proxy
from stub_replica import StubReplica, cacheable, uncacheable

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
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return problem


def assert_raw_problem(received, status):
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == status
