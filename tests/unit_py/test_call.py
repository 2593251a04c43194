"""cron/call: one maintenance call, from the POST to the end of its job."""

import json
import os
import pathlib
import signal
import subprocess
import time

CALL = pathlib.Path(__file__).parents[2] / "cron" / "call"
KEY = "a-key-for-the-test"


def job(state, **more):
    return {"data": {"id": 7, "kind": "collect", "state": state, **more}, "meta": {}}


DONE = (200, {}, job("succeeded"))
RUNNING = (202, {"Location": "/maintenance/jobs/7", "Retry-After": "0"}, job("running"))


def environment(url, **more):
    given = {name: value for name, value in os.environ.items() if name not in ("ADMIN_KEY", "ADMIN_KEY_FILE", "COLLECT")}
    return {**given, "API_URL": url, "ADMIN_KEY": KEY, **more}


def call(service, *arguments, **more):
    done = subprocess.run(["/usr/bin/python3", str(CALL), *arguments], env=environment(service.url, **more), capture_output=True,
                          text=True, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines[-1] if lines else None


def test_posts_with_the_key_and_a_wait_and_logs_one_line(service):
    service.answers = [DONE]
    code, line = call(service, "collect")
    assert code == 0
    assert (line["call"], line["status"], line["job"], line["state"], line["exit"]) == ("collect", 200, 7, "succeeded", 0)
    [(method, path, key)] = service.requests
    assert (method, key) == ("POST", KEY)
    assert path == "/maintenance/collect?wait=600"


def test_waits_no_longer_than_its_deadline(service):
    service.answers = [DONE]
    call(service, "prune", CALL_SECONDS="30")
    assert service.requests[0][1] in ("/maintenance/prune?wait=29", "/maintenance/prune?wait=30")


def test_reads_the_key_from_a_file(service, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    service.answers = [DONE]
    assert call(service, "bootstrap", ADMIN_KEY="", ADMIN_KEY_FILE=str(tmp_path / "key"))[0] == 0
    assert service.requests[0][2] == KEY


def test_follows_a_running_job_until_its_end(service):
    service.answers = [RUNNING, (200, {"Retry-After": "0"}, job("running")), (200, {}, job("succeeded"))]
    code, line = call(service, "collect")
    assert code == 0
    assert line["state"] == "succeeded"
    assert [request[:2] for request in service.requests[1:]] == [("GET", "/maintenance/jobs/7")] * 2


def test_says_why_a_job_failed(service):
    service.answers = [(200, {}, job("failed", error={"code": "unavailable", "message": "GitHub is away"}))]
    code, line = call(service, "collect")
    assert code == 1
    assert line["level"] == "error"
    assert line["error"]["message"] == "GitHub is away"


def test_does_not_start_a_job_anew_that_failed_while_it_was_waited_for(service):
    failed = job("failed", error={"code": "unavailable", "message": "GitHub is away"})
    service.answers = [(503, {"Location": "/maintenance/jobs/7", "Retry-After": "0"}, {"title": "Service unavailable"}), (200, {}, failed)]
    code, line = call(service, "collect")
    assert (code, line["error"]["message"]) == (1, "GitHub is away")
    assert [request[:2] for request in service.requests][1:] == [("GET", "/maintenance/jobs/7")]


def test_starts_a_job_anew_whose_replica_was_stopped(service):
    stopped = job("failed", error={"code": "cancelled", "message": "the replica is stopping"})
    service.answers = [(503, {"Location": "/maintenance/jobs/7"}, {}), (200, {}, stopped), DONE]
    assert call(service, "collect")[0] == 0
    assert [request[0] for request in service.requests] == ["POST", "GET", "POST"]


def test_starts_an_abandoned_job_anew(service):
    service.answers = [(200, {}, job("abandoned")), DONE]
    assert call(service, "collect")[0] == 0
    assert [request[0] for request in service.requests] == ["POST", "POST"]


def test_gives_up_on_a_job_that_is_abandoned_again_and_again(service):
    service.answers = [(200, {}, job("abandoned"))]
    code, line = call(service, "collect")
    assert (code, line["state"], len(service.requests)) == (1, "abandoned", 3)


def test_tries_again_when_the_service_is_not_there_yet(service):
    service.answers = [(502, {}, {}), (503, {"Retry-After": "0"}, {}), "drop", DONE]
    code, line = call(service, "collect")
    assert (code, line["attempts"]) == (0, 4)


def test_gives_up_on_a_service_that_stays_away(service):
    service.answers = [(503, {}, {"title": "Service Unavailable", "detail": "no database"})]
    began = time.monotonic()
    code, line = call(service, "collect", CALL_RETRY_SECONDS="1")
    assert code == 69
    assert "503" in line["error"] and "no database" in line["error"]
    assert time.monotonic() - began < 5


def test_gives_up_when_nobody_listens():
    done = subprocess.run(["/usr/bin/python3", str(CALL), "collect"], env=environment("http://127.0.0.1:9", CALL_RETRY_SECONDS="1"),
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 69
    assert "ConnectionRefusedError" in json.loads(done.stdout)["error"]


def test_a_job_that_outlasts_the_deadline_is_said_so(service):
    service.answers = [RUNNING]
    code, line = call(service, "collect", CALL_SECONDS="1")
    assert code == 75
    assert "still runs" in line["error"]


def test_a_wrong_key_is_not_tried_again(service):
    service.answers = [(403, {}, {"title": "Forbidden", "detail": "the key is wrong"})]
    code, line = call(service, "collect")
    assert (code, line["error"], len(service.requests)) == (1, "the key is wrong", 1)


def test_collect_off_does_nothing(service):
    service.answers = [DONE]
    assert call(service, "collect", COLLECT="off") == (0, None)
    assert call(service, "refresh-cache", COLLECT="off")[0] == 0
    assert [request[1].split("?")[0] for request in service.requests] == ["/maintenance/refresh-cache"]


def test_no_key_is_a_mistake_that_is_named(service):
    service.answers = [DONE]
    code, line = call(service, "collect", ADMIN_KEY="")
    assert code == 64
    assert "ADMIN_KEY" in line["error"]
    assert not service.requests


def test_a_name_that_is_none_is_usage(service):
    service.answers = [DONE]
    for arguments in ((), ("collect", "prune"), ("../jobs",), ("a?b",)):
        assert call(service, *arguments)[0] == 64
    assert not service.requests


def test_sigterm_ends_it_with_a_line(service):
    service.answers = [RUNNING]
    with subprocess.Popen(["/usr/bin/python3", str(CALL), "collect"], env=environment(service.url), stdout=subprocess.PIPE,
                          text=True) as process:
        while len(service.requests) < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        text, _ = process.communicate(timeout=10)
    assert process.returncode == 143
    assert "SIGTERM" in json.loads(text)["error"]


def test_the_key_is_no_argument(service):
    service.answers = [RUNNING]
    with subprocess.Popen(["/usr/bin/python3", str(CALL), "collect"], env=environment(service.url), stdout=subprocess.DEVNULL) as process:
        while not service.requests:
            time.sleep(0.02)
        assert KEY not in pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
        process.kill()
