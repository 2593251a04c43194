"""Redis, MySQL and the replicas go away and come back: what was answered once goes on being answered."""

import time

import pytest
from contract import assert_problem, assert_stored_is_truth, settled
from stack import wait_until

CACHED = ["/api/lab", "/api/popularity/lab", "/api/activity/shelf", "/api/v1/topics/lab/repositories", "/api/v1/topics/shelf/repositories?per_page=7"]
NEVER = "/api/v1/topics/shelf/repositories?min_stars="
HANGS_SECONDS = 2.5
_number = iter(range(1, 10_000))


def never_cached():
    return NEVER + str(next(_number))


@pytest.fixture
def service(small_service):
    """With answers that both replicas know; ready and whole again afterwards."""
    yield small_service
    for part in ("database", "redis", "api-a", "api-b"):
        small_service.start_part(part)
    wait_until(lambda: all(small_service.ask(name, "/readyz").status == 200 for name in ("a", "b")), 30, what="both replicas to be ready")
    small_service.collected("lab")
    assert_stored_is_truth(small_service, "lab", "shelf")


def warm(service):
    """The data of each cached path, fresh at both replicas."""
    return {path: wait_until(lambda: fresh_at_both(service, path), 10, interval=0.01, what=f"a fresh {path}") for path in CACHED}


def fresh_at_both(service, path):
    answers = [service.ask_fresh(name, path) for name in ("a", "b")]
    data = [data_of(answer) for answer in answers if answer is not None and answer.status == 200]
    return data[0] if len(data) == 2 and data[0] == data[1] else None


def data_of(answer):
    body = answer.json()
    return body["data"] if isinstance(body, dict) else body


def assert_goes_on(service, wanted, warned=None, seconds=1.0):
    for path, data in wanted.items():
        for ask in (lambda path: service.ask("a", path), lambda path: service.ask("b", path), service.get):
            began = time.monotonic()
            answer = ask(path)
            assert (answer.status, data_of(answer)) == (200, data), path
            assert time.monotonic() - began < seconds, path
        if warned:
            assert service.ask("a", path).headers.get("warning", "").startswith("110"), path


def assert_503(service, path=None):
    for ask in (lambda path: service.ask("b", path), service.get):
        answer = ask(path or never_cached())
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0


def not_ready(service, check):
    """Both replicas say that this is missing, and still live."""
    for name in ("a", "b"):
        answer = service.ask(name, "/readyz")
        assert answer.status == 503 and answer.json()["checks"][check] != "ok"
        assert service.ask(name, "/livez").status == 200


def wait_until_warned(service):
    wait_until(lambda: all("warning" in service.ask(name, path).headers for path in CACHED for name in ("a", "b")), 10,
               what="the cached answers to say that nothing newer can be had")


def test_without_redis_everything_is_answered_from_mysql(service):
    wanted = warm(service)
    service.stop_part("redis")
    assert_goes_on(service, wanted)
    assert service.ask("a", never_cached()).status == service.get(never_cached()).status == 200
    not_ready(service, "redis")
    assert service.collected("shelf")["state"] == "succeeded"
    service.start_part("redis")
    wait_until(lambda: service.ask("a", "/readyz").status == 200, 10, what="readiness")
    assert_goes_on(service, wanted)


def test_without_mysql_cached_answers_go_on_and_others_say_come_again(service):
    wanted = warm(service)
    service.stop_part("database")
    wait_until_warned(service)
    assert_goes_on(service, wanted, warned=True)
    assert_503(service)
    assert_503(service, "/db/lab")
    not_ready(service, "mysql")
    for path in ("/maintenance/collect?wait=5", "/maintenance/jobs/1"):
        answer = service.admin("POST" if "wait" in path else "GET", path)
        assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    service.start_part("database")
    wait_until(lambda: service.get(never_cached()).status == 200, 10, what="answers from the database")


@pytest.mark.parametrize("order", [("redis", "database"), ("database", "redis")], ids=["redis-first", "mysql-first"])
def test_without_both_cached_answers_go_on(service, order):
    wanted = warm(service)
    for part in order:
        service.stop_part(part)
    assert_goes_on(service, wanted)
    assert_503(service)
    service.start_part("database")
    service.start_part("redis")
    wait_until(lambda: all(service.ask(name, never_cached()).status == 200 for name in ("a", "b")), 15, what="both replicas to compute again")


def test_a_redis_that_hangs_slows_nobody_down(service):
    wanted = warm(service)
    service.pause_part("redis")
    try:
        assert_goes_on(service, wanted, seconds=HANGS_SECONDS)
        began = time.monotonic()
        assert [service.ask("a", never_cached()).status for _ in range(20)] == [200] * 20
        assert time.monotonic() - began < 5
    finally:
        service.resume_part("redis")
    wait_until(lambda: service.ask("a", "/readyz").status == 200, 10, what="readiness")


def test_a_mysql_that_hangs_does_not_stop_cached_answers(service):
    wanted = warm(service)
    service.pause_part("database")
    try:
        assert_goes_on(service, wanted, seconds=HANGS_SECONDS)
        began = time.monotonic()
        answer = service.get(never_cached())
        assert answer.status in (503, 504) and int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - began < 20
        assert_goes_on(service, wanted, seconds=HANGS_SECONDS)
    finally:
        service.resume_part("database")
    wait_until(lambda: service.get(never_cached()).status == 200, 15, what="answers from the database")


def test_without_replicas_the_proxy_answers_from_its_cache(service):
    wanted = {path: settled(service, path) for path in CACHED}
    for name in ("api-a", "api-b"):
        service.stop_part(name)
    for path, before in wanted.items():
        answer = service.get(path)
        assert (answer.status, data_of(answer)) == (200, data_of(before))
        assert (answer.headers["etag"], answer.headers["content-type"]) == (before.headers["etag"], before.headers["content-type"])
    answer = service.get(never_cached())
    assert_problem(answer, 502)
    assert int(answer.headers["retry-after"]) > 0
    service.start_part("api-a")
    assert service.get(never_cached()).status == 200


def test_a_mysql_that_crashes_loses_nothing(service):
    wanted = warm(service)
    service.kill_part("database")
    assert_goes_on(service, wanted)
    service.wait_part("database")
    wait_until(lambda: all(service.ask(name, never_cached()).status == 200 for name in ("a", "b")), 15, what="both replicas to compute again")


def test_a_redis_that_crashes_loses_nothing(service):
    wanted = warm(service)
    for _ in range(2):
        service.kill_part("redis")
        assert_goes_on(service, wanted)
        service.wait_part("redis")
    wait_until(lambda: all(service.ask(name, "/readyz").status == 200 for name in ("a", "b")), 10, what="readiness")
    assert_goes_on(service, wanted)
