"""The load test's own rules: it asks for everything, loads nobody else's machine, and fails when it should."""

import http.server
import importlib.util
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

PROJECT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "loadtest"))

import load_mix  # noqa: E402
import load_rules  # noqa: E402

WORLD = load_mix.World(["kubernetes"], [(1, "a/b"), (2, "c/d")], ["a/b"])
# What the mix leaves out, and why.
LEFT_OUT = {
    "/metrics": "on the replicas' own port only",
    "/api/v1/openapi.json": "a constant, asked for by people who read it",
    "/bootstrap_db": "a maintenance job", "/update_cache": "a maintenance job",
    "/maintenance/{job}": "a maintenance job, asked for by a user of its own", "/maintenance/jobs": "needs the key",
    "/maintenance/jobs/{id}": "needs the key",
    "/api/v1/repos/{owner}/{repo}/tracking": "changes what is followed",
    "/api/repos/{owner}/{repo}/activate": "changes what is followed", "/api/repos/{owner}/{repo}/deactivate": "changes what is followed",
}


def routes_of_the_service():
    """The patterns in the functions that fill the service's table of routes."""
    found = set()
    for file in (PROJECT / "api" / "http").glob("*_handlers.cpp"):
        for body in re.findall(r"^void Add\w*Routes\(.*?^}", file.read_text(), re.M | re.S):
            if '"/{topic}"' in body:  # three lists, each from the cache and from the database
                found |= {f"/{base}{part}/{{topic}}" for base in ("api", "db") for part in ("", "/popularity", "/activity")}
            found |= set(re.findall(r'"(/[a-z][^"?]*[^"?/])"', body))
    return found - {"/api", "/db", "/popularity", "/activity", "/api/v1"}


class TestMix:
    def test_asks_for_every_route_of_the_service(self):
        routes = routes_of_the_service()
        assert len(routes) > 40
        assert routes - {ask.route for ask in load_mix.ASKS} == set(LEFT_OUT)

    def test_asks_for_nothing_that_is_no_route(self):
        assert {ask.route for ask in load_mix.ASKS} <= routes_of_the_service()

    def test_targets_fit_their_routes(self):
        rng = random.Random(1)
        for ask in load_mix.ASKS:
            target = ask.target(WORLD, rng)
            assert target.startswith("/") and " " not in target
            path = urllib.parse.urlsplit(target).path.rstrip("/")
            assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", ask.route), path), (ask.route, target)

    def test_names_are_told_apart(self):
        names = [(ask.method, ask.name) for ask in load_mix.ASKS]
        assert len(set(names)) == len(names)

    def test_what_weighs_more_is_asked_for_more(self):
        rng = random.Random(1)
        chosen = [load_mix.choose(rng) for _ in range(20_000)]
        assert set(chosen) == set(load_mix.ASKS)
        heavy, light = max(load_mix.ASKS, key=lambda ask: ask.weight), min(load_mix.ASKS, key=lambda ask: ask.weight)
        assert chosen.count(heavy) > 3 * chosen.count(light)

    def test_a_world_without_followed_repositories_is_asked_about_the_others(self):
        world = load_mix.World(["kubernetes"], [(1, "a/b")], [])
        assert world.followed_one(random.Random(1)) == "a/b"


class TestHost:
    @pytest.mark.parametrize("url", ["http://127.0.0.1:8081", "http://localhost:1/", "http://[::1]:80", "http://127.0.0.2"])
    def test_this_machine_may_be_loaded(self, url):
        assert load_rules.check_host(url, {}) == url.rstrip("/")

    @pytest.mark.parametrize("url", ["http://192.0.2.1", "https://api.github.com", "http://no-such-host.invalid"])
    def test_others_may_not_unless_it_is_said(self, url):
        with pytest.raises(load_rules.RuleError, match="ALLOW_REMOTE"):
            load_rules.check_host(url, {"ALLOW_REMOTE": "0"})
        assert load_rules.check_host(url, {"ALLOW_REMOTE": "1"}) == url

    @pytest.mark.parametrize("url", [None, "", "127.0.0.1:8081", "ftp://127.0.0.1", "http://127.0.0.1/api", "http://u:p@127.0.0.1"])
    def test_what_is_no_address_is_refused(self, url):
        with pytest.raises(load_rules.RuleError):
            load_rules.check_host(url, {"ALLOW_REMOTE": "1"})


class TestLimits:
    def test_are_settings_with_defaults(self):
        assert load_rules.limits({}) == load_rules.DEFAULT_LIMITS_MS
        assert load_rules.limits({"P95_MS": "7.5", "P99_MS": ""})["P95_MS"] == 7.5

    @pytest.mark.parametrize("value", ["0", "-1", "fast", "nan", "inf"])
    def test_that_make_no_sense_are_refused(self, value):
        with pytest.raises(load_rules.RuleError, match="P99_MS"):
            load_rules.limits({"P99_MS": value})

    def test_percentiles_are_those_of_the_sorted_times(self):
        histogram = load_rules.merged([{ms: 1 for ms in range(1, 61)}, {ms: 1 for ms in range(41, 81)}, {}])
        assert [load_rules.percentile(histogram, share) for share in (0.01, 0.5, 0.99, 1)] == [1, 45, 79, 80]

    def test_a_run_passes_when_all_is_within_them(self):
        outcome = load_rules.judge({2: 95, 90: 4, 200: 1}, 0, load_rules.DEFAULT_LIMITS_MS)
        assert outcome.problems == () and outcome.answers == 100
        assert outcome.percentiles_ms == {"P50_MS": 2, "P95_MS": 2, "P99_MS": 90}

    @pytest.mark.parametrize("histogram, failures, problem", [
        ({1: 100}, 1, "1 failures"), ({}, 0, "nothing was answered"), ({31: 60, 1: 40}, 0, "P50_MS=30"),
        ({1: 90, 101: 10}, 0, "P95_MS=100"), ({1: 98, 251: 2}, 0, "P99_MS=250")])
    def test_a_run_fails_by_a_failure_or_a_missed_percentile(self, histogram, failures, problem):
        [found] = load_rules.judge(histogram, failures, load_rules.DEFAULT_LIMITS_MS).problems
        assert problem in found


class StandIn(http.server.BaseHTTPRequestHandler):
    """The least that the mix takes for the service."""

    protocol_version = "HTTP/1.1"

    def reply(self):
        path, _, query = self.path.partition("?")
        body = {"/api/v1/topics": {"data": [{"name": "kubernetes", "repositories_count": 1}]}, "/api/repos/active/": []}.get(
            path, {"data": [{"id": 1, "full_name": "a/b"}]})
        status = 200
        if self.command == "POST":
            status = self.server.job_status if self.headers.get("X-API-Key") == "the-key" else 403
        elif "nobody" in path:
            status = 404
        elif re.search(r"per_page=(?!(10|30|100)\b)|event_counts/(?!(10|30|60|120)$)", self.path):
            status = 400
        elif re.search(r"offset=(never|0$|-)", query):
            status = 422
        cut = path == "/api/v1/topics" and next(self.server.topics_cut, False)
        time.sleep(self.server.delay_seconds)
        content = b'{"data": [{"na' if cut else b"" if self.command == "HEAD" else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = reply

    def log_message(self, *_):
        pass


@pytest.fixture
def stand_in():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.daemon_threads, server.job_status = True, 200
    server.topics_cut, server.delay_seconds = iter([]), 0
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(importlib.util.find_spec("locust") is None, reason="Locust is not installed: stack/install-packages load")
class TestRun:
    def run(self, stand_in, folder, **settings):
        (folder / "key").write_text("the-key\n")
        environment = {**os.environ, "HOST": f"http://127.0.0.1:{stand_in.server_address[1]}", "USERS": "20", "RATE": "20", "TIME": "3s",
                       "RESULTS": str(folder), "ADMIN_KEY_FILE": str(folder / "key"), "MAINTENANCE_SECONDS": "1", "P50_MS": "1000",
                       "P95_MS": "2000", "P99_MS": "3000", **settings}
        done = subprocess.run(["/usr/bin/python3", str(PROJECT / "loadtest" / "load"), "headless"], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout

    @pytest.mark.parametrize("workers", ["0", "2"])
    def test_passes_and_leaves_its_reports(self, stand_in, tmp_path, workers):
        code, text = self.run(stand_in, tmp_path, WORKERS=workers, WORKER_PORT=str(free_port()))
        assert code == 0, text
        assert "/maintenance/refresh-cache" in text and "the-key" not in text
        assert {"locust.html", "locust_stats.csv", "locust_failures.csv"} <= {path.name for path in tmp_path.iterdir()}

    def test_fails_by_a_percentile(self, stand_in, tmp_path):
        stand_in.delay_seconds = 0.02
        code, text = self.run(stand_in, tmp_path, P50_MS="10")
        assert (code, "over P50_MS=10" in text) == (1, True), text

    def test_fails_by_maintenance_that_fails(self, stand_in, tmp_path):
        stand_in.job_status = 503
        code, text = self.run(stand_in, tmp_path)
        assert (code, "failures" in text) == (1, True), text

    def test_fails_by_a_worker_that_cannot_begin(self, stand_in, tmp_path):
        stand_in.topics_cut = iter([True, False])  # for the first that looks around
        code, text = self.run(stand_in, tmp_path, WORKERS="2", WORKER_PORT=str(free_port()))
        assert (code, "a worker says" in text) == (1, True), text

    def test_loads_no_other_machine(self, stand_in, tmp_path):
        code, text = self.run(stand_in, tmp_path, HOST="http://192.0.2.1")
        assert (code, "ALLOW_REMOTE" in text) == (64, True), text


def free_port():
    with http.server.socketserver.TCPServer(("127.0.0.1", 0), None) as server:
        return server.server_address[1]
