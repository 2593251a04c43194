"""Replicas are killed, restarted and replaced while clients read and jobs run."""

import threading

import pytest
from contract import assert_served_is_truth, by_stars, settled
from load import Load, exactly
from simulated import searches_of, wait_for_search
from stack import wait_until

UNCACHED = ["/db/lab", "/db/popularity/lab", "/db/activity/shelf"]  # no answer of these is kept by the proxy
CACHED = ["/api/popularity/shelf", "/api/activity/lab", "/api/shelf"]


@pytest.fixture
def service(small_service):
    yield small_service
    small_service.github.faults()
    for part in ("database", "api-a", "api-b"):
        small_service.wait_part(part)
    small_service.collected("lab", "docker")
    assert_served_is_truth(small_service, "lab", "docker")


@pytest.fixture
def load(service):
    wanted = {path: settled(service, path).body for path in UNCACHED + CACHED}
    with Load(service.port, UNCACHED + CACHED, exactly(wanted)) as running:
        yield running


def progress(load, answers=150):
    """Waits until that many more answers came."""
    aim = load.count + answers
    wait_until(lambda: load.count >= aim or load.failures, 20, what="answers under load")


def assert_no_failure(load):
    load.stop()
    assert not load.failures, load.failures[:5]
    assert set(load.answers) == {200} and load.count > 250


def test_replicas_killed_again_and_again_under_load_fail_no_request(service, load):
    progress(load)
    for name in ("api-a", "api-b", "api-a", "api-b"):
        service.kill_part(name)
        progress(load)
        service.wait_part(name)
        progress(load)
    assert_no_failure(load)


def test_replicas_restarted_in_order_under_load_fail_no_request(service, load):
    progress(load)
    for name in ("api-a", "api-b", "api-a", "api-b"):
        service.restart_part(name)
        progress(load)
    assert_no_failure(load)


def test_a_replica_that_stays_away_under_load_fails_no_request(service, load):
    service.stop_part("api-b")
    progress(load, 500)
    service.start_part("api-b")
    progress(load)
    assert_no_failure(load)


def test_a_restarted_replica_leaves_no_failed_job_behind_under_load(service, load):
    """Answers stay right while both a replica goes and a topic is published."""
    service.github.faults({"kind": "delay", "seconds": 0.05, "path": "/search"})
    service.make_due("docker")
    service.admin("POST", "/maintenance/collect")
    service.restart_part("api-a")
    progress(load)
    assert_no_failure(load)


# ---- The leader of a job

def start_slow_collect(service, seconds=0.15):
    """A collection of docker's 900 that takes its time; (location, the leader's part, requests before)."""
    service.github.faults({"kind": "delay", "seconds": seconds, "path": "/search"})
    row = by_stars(service.github.truth("docker"))[0]
    service.github.mutate({"op": "set", "repository": row["id"], "stargazers_count": row["stargazers_count"] + 1})
    service.make_due("docker")
    since = service.github.count()
    started = service.admin("POST", "/maintenance/collect")
    assert started.status == 202
    wait_until(lambda: len(service.github.requests(since=since)) >= 4, 20, interval=0.02, what="the fourth page")
    return started.headers["location"], service.job(started.headers["location"])["replica"], since


def test_a_leader_that_is_killed_is_followed_by_one_that_goes_on(service):
    location, leader, since = start_slow_collect(service)
    service.kill_part(leader)
    other = "b" if leader == "api-a" else "a"
    answer = service.control(other, "/maintenance/collect?wait=60")
    assert answer.status == 200 and answer.json()["data"]["state"] == "succeeded", answer.text
    assert answer.json()["data"]["replica"] == f"api-{other}"
    assert service.ask(other, location, headers={"X-API-Key": service.admin_key}).json()["data"]["state"] == "abandoned"
    asked = searches_of(service.github.requests(since=since), "docker")
    assert len(set(asked)) == 9 and len(asked) <= 10  # at most the page that was under way is asked for again
    service.wait_part(leader)
    assert_served_is_truth(service, "docker")


def test_a_leader_that_is_stopped_in_order_hands_its_work_over(service):
    location, leader, since = start_slow_collect(service)
    service.restart_part(leader)
    assert service.job(location)["state"] in ("failed", "abandoned")
    answer = service.maintenance("collect")
    assert answer.status == 200 and answer.json()["data"]["state"] == "succeeded", answer.text
    assert len(searches_of(service.github.requests(since=since), "docker")) <= 10
    assert_served_is_truth(service, "docker")


def test_a_client_that_goes_away_does_not_end_the_job(service):
    service.github.faults({"kind": "delay", "seconds": 0.1, "path": "/search"})
    service.make_due("docker")
    since = service.github.count()

    def impatient():
        try:
            service.admin("POST", "/maintenance/collect?wait=60", timeout=0.3)
        except OSError:
            pass

    clients = [threading.Thread(target=impatient) for _ in range(20)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    wait_for_search(service.github, since)
    assert service.get("/api/lab").status == 200
    answer = service.maintenance("collect")
    assert answer.status == 200
    assert len(searches_of(service.github.requests(since=since), "docker")) == 9


def test_mysql_killed_while_collecting_is_taken_up_by_the_next_run(service):
    location, _, since = start_slow_collect(service)
    service.kill_part("database")
    service.wait_part("database")
    wait_until(lambda: service.get("/readyz").status == 200, 20, what="readiness")
    service.github.faults()

    def succeeded():
        answer = service.maintenance("collect")
        return answer.status == 200 and answer.json()["data"]["state"] == "succeeded"
    wait_until(succeeded, 30, what="a collection that succeeds")
    wait_until(lambda: service.job(location)["state"] != "running", 10, what="the end of the interrupted job")
    assert len(searches_of(service.github.requests(since=since), "docker")) >= 9
    assert_served_is_truth(service, "docker")
