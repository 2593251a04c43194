"""The program: its options, its port, its end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from conftest import SUPPORT, Client


@pytest.fixture
def run(tmp_path):
    started = []

    def start(*options):
        port_file = tmp_path / f"port{len(started)}"
        process = subprocess.Popen(
            [sys.executable, "-m", "simgithub", "--port-file", str(port_file), *options],
            cwd=SUPPORT, stderr=subprocess.PIPE, text=True)
        started.append(process)
        until = time.monotonic() + 20
        while not port_file.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        return process, Client(int(port_file.read_text())) if port_file.exists() else None

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_serves_the_default_topics(run):
    _, sim = run("--port", "0", "--quiet")
    health = sim.get("/_sim/health", {"User-Agent": None}).json()
    assert health["ok"] is True
    assert health["topics"] == {"kubernetes": 2400, "docker": 900, "golang": 650, "rust": 320,
                                "observability": 80}


def test_stops_at_once_with_answers_under_way(run):
    process, sim = run("--port", "0", "--topic", "tiny=3")
    sim.faults({"kind": "hang", "path": "/"})

    def ask():
        with pytest.raises(Exception):
            sim.get("/")

    asking = threading.Thread(target=ask)
    asking.start()
    while not sim.get("/_sim/requests").json()["active"]:
        time.sleep(0.01)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert time.monotonic() - started < 1
    asking.join()


def test_a_restart_that_catches_up_goes_on(run):
    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3 * 86400))
    options = ("--port", "0", "--topic", "tiny=40", "--start-time", begun)
    caught_up = run(*options, "--catch-up")[1].truth("tiny")
    fresh = run(*options)[1]
    assert fresh.truth("tiny")["repositories"] != caught_up["repositories"]
    fresh.control("advance", {"seconds": 3 * 86400})
    assert {row["id"]: row["created_at"] for row in caught_up["repositories"]} == {
        row["id"]: row["created_at"] for row in fresh.truth("tiny")["repositories"]}


def test_two_processes_make_the_same_world(run, monkeypatch):
    worlds = []
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        _, sim = run("--port", "0", "--time-scale", "0", "--seed", "7", "--topic", "tiny=90",
                     "--topic", "small=60", "--quiet")
        sim.control("advance", {"seconds": 20 * 86400})
        worlds.append([sim.truth(topic) for topic in ("tiny", "small", "another")])
    assert worlds[0] == worlds[1]


def test_a_port_in_use_is_said(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process, sim = run("--port", str(taken.getsockname()[1]), "--topic", "tiny=3")
        assert sim is None and process.wait(10) == 73
        assert "cannot listen on 127.0.0.1:" in process.stderr.read()


@pytest.mark.parametrize("options", [
    ("--topic", "kubernetes"), ("--topic", "kubernetes=many"), ("--topic", "No Topic=3"),
    ("--topic", "a=1", "--topic", "a=2"), ("--recorded", "a=/nowhere"), ("--start-time", "noon"),
    ("--time-scale", "-1"), ("--recorded", "a=" + os.devnull), ("--nosuch",)])
def test_options_that_make_no_sense_are_named(run, options):
    process, sim = run("--port", "0", *options)
    assert sim is None and process.wait(10) == 64
    assert process.stderr.read().startswith("simgithub: ")


def test_broken_http_is_refused(run):
    _, sim = run("--port", "0", "--topic", "tiny=3", "--quiet")
    for text, status in ((b"NONSENSE\r\n\r\n", b"400"), (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
                         (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"413"),
                         (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431")):
        with socket.create_connection(("127.0.0.1", sim.port), timeout=5) as connection:
            connection.sendall(text)
            assert connection.recv(12) == b"HTTP/1.1 " + status
    assert sim.get("/").status == 200


def test_connections_are_kept_alive(run):
    _, sim = run("--port", "0", "--topic", "tiny=3", "--quiet")
    with socket.create_connection(("127.0.0.1", sim.port), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(b"GET /rate_limit HTTP/1.1\r\nHost: x\r\nUser-Agent: t\r\n\r\n")
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200") and b"Connection: close" not in answer


def test_has_a_lively_feed_by_default_and_events_as_told(run):
    _, sim = run("--port", "0", "--quiet")
    assert len(sim.get("/events?per_page=100").json()) > 80
    settings = sim.get("/_sim/events").json()
    assert settings["events_per_second"] == 2 and settings["payloads"] == "trimmed"
    assert settings["repositories"] > 7000
    _, sim = run("--port", "0", "--quiet", "--topic", "tiny=9", "--outside", "0", "--events-per-second", "0.5",
                 "--event-payloads", "full", "--poll-interval", "90", "--plain-events", "--time-scale", "0")
    reply = sim.get("/events?per_page=100")
    assert reply.headers["X-Poll-Interval"] == "90" and len(reply.json()) == 100
    assert sim.get("/_sim/events").json()["payloads"] == "full"


@pytest.mark.parametrize("options, word", [
    (("--events-per-second", "-1"), "--events-per-second"), (("--events-per-second", "1001"), "0 to 1000"),
    (("--poll-interval", "0"), "--poll-interval"), (("--archive", "/nowhere"), "no such folder"),
    (("--event-payloads", "some"), "--event-payloads"), (("--outside", "-5"), "outside"),
    (("--replay", "/nowhere/2015-01-01-0.json.gz"), "No such file")])
def test_wrong_options_for_events_say_what_is_wrong(run, options, word):
    process, _ = run("--port", "0", "--topic", "tiny=3", *options)
    assert process.wait(20) == 64 and word in process.stderr.read()
