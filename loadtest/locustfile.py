"""Many clients of the service at once, over all its endpoints, with maintenance running meanwhile (Locust).

`make loadtest` and `make loadtest-ui` start this. By hand, as any locustfile:

    locust -f loadtest/locustfile.py --host http://127.0.0.1:8081                       the web page at :8089
    locust -f loadtest/locustfile.py --master ...   and   ... --worker --master-host A  one load from several processes

A Reader asks once a second, so as many users as requests/s are wanted. One more user, Maintenance, calls what cron calls, far more
often than cron does (MAINTENANCE_SECONDS, 5); it needs the admin key in ADMIN_KEY or the file ADMIN_KEY_FILE, and rests without one.
The process ends with status 1 if anything failed or a percentile of the reads' times is over P50_MS, P95_MS or P99_MS.
"""

import http.client
import json
import logging
import os
import pathlib
import random
import urllib.request

import gevent
import locust
import locust.runners
from locust import FastHttpUser, constant_pacing, events, task
from locust.exception import StopUser

import load_mix
import load_rules

# Debian's package has no version: a worker that says so is taken for one of an ancient Locust, and never joins.
if not locust.runners.__version__:
    locust.runners.__version__ = "2.12.2"

MAINTENANCE_SECONDS = float(os.environ.get("MAINTENANCE_SECONDS") or 5)
JOB_SECONDS = 60
REVALIDATED = 0.3      # of the requests for what a client has seen
WITHOUT_GZIP = 0.1     # of the clients
KEPT_VALIDATORS = 100  # by each client
FOLLOWED_MAX = 100
LOG = logging.getLogger("loadtest")


class Catalogue:
    """The world that the host tells of, asked for once at the start of a test."""

    world = None

    @classmethod
    def load(cls, host):
        topics = [topic["name"] for topic in cls._data(host, "/api/v1/topics") if topic["repositories_count"]]
        rows = [row for topic in topics[:10] for row in cls._data(host, f"/api/v1/topics/{topic}/repositories?per_page=100")]
        followed = [row["full_name"] for row in cls._json(host, "/api/repos/active/")]
        if not rows:
            raise load_rules.RuleError(f"{host} has no topic with repositories yet")
        cls.world = load_mix.World(topics, [(row["id"], row["full_name"]) for row in rows], followed[:FOLLOWED_MAX])

    @staticmethod
    def _json(host, path):
        with urllib.request.urlopen(host + path, timeout=10) as answer:
            return json.load(answer)

    @classmethod
    def _data(cls, host, path):
        return cls._json(host, path)["data"]


class Reader(FastHttpUser):
    """A client that asks for this and that, and again for what it has with the validator that came along."""

    wait_time = constant_pacing(1.0)
    network_timeout = connection_timeout = 30.0

    def on_start(self):
        if self.environment.loadtest_refused:
            raise StopUser()
        self.rng = random.Random()
        self.validators = {}
        gevent.sleep(self.rng.random())  # users started together would ask together, each second
        self.encoding = "identity" if self.rng.random() < WITHOUT_GZIP else "gzip"

    @task
    def ask(self):
        ask = load_mix.choose(self.rng)
        target = ask.target(Catalogue.world, self.rng)
        validator = self.validators.get(target) if ask.method == "GET" and self.rng.random() < REVALIDATED else None
        # Locust's client would unpack the body that a HEAD's answer has not.
        headers = {"Accept-Encoding": self.encoding if ask.method == "GET" else "identity"}
        if validator:
            headers["If-None-Match"] = validator
        name = ask.name + (" If-None-Match" if validator else "")
        with self.client.request(ask.method, target, headers=headers, name=name, catch_response=True, allow_redirects=False) as answer:
            wrong = self.judge(ask, answer, (*ask.statuses, 304) if validator else ask.statuses)
            if wrong:
                answer.failure(wrong)
            else:
                answer.success()  # also a 404 or a 304: they were what was to be answered
        if answer.status_code == 200 and ask.method == "GET":
            self.remember(target, (answer.headers or {}).get("ETag"))

    @staticmethod
    def judge(ask, answer, statuses):
        """What is wrong with an answer, or None."""
        if answer.status_code not in statuses:
            return f"status {answer.status_code}: {(answer.text or '')[:200] or answer.error}"
        kind = (answer.headers or {}).get("Content-Type", "")
        if answer.status_code >= 400 and not kind.startswith(("application/problem+json", "image/svg+xml")):
            return f"an error as {kind or 'nothing'}"
        if answer.status_code == 200 and ask.method == "GET" and not answer.content:
            return "an empty answer"
        return None

    def remember(self, target, validator):
        if not validator:
            return
        if len(self.validators) >= KEPT_VALIDATORS:
            self.validators.pop(next(iter(self.validators)))
        self.validators[target] = validator


class Maintenance(FastHttpUser):
    """What cron does each minute, every few seconds."""

    fixed_count = 1
    wait_time = constant_pacing(MAINTENANCE_SECONDS)
    network_timeout = connection_timeout = JOB_SECONDS + 30.0

    def on_start(self):
        if self.environment.loadtest_refused:
            raise StopUser()
        self.key = admin_key()
        if not self.key:
            LOG.warning("no ADMIN_KEY and no ADMIN_KEY_FILE: no maintenance while this test runs")

    @task
    def tick(self):
        if not self.key:
            return
        for job in ("collect", "refresh-cache"):
            with self.client.post(f"/maintenance/{job}?wait={JOB_SECONDS}", headers={"X-API-Key": self.key}, catch_response=True,
                                  name=f"/maintenance/{job}") as answer:
                if answer.status_code != 200:
                    answer.failure(f"status {answer.status_code}: {(answer.text or '')[:200] or answer.error}")


def admin_key():
    file = os.environ.get("ADMIN_KEY_FILE")
    return pathlib.Path(file).read_text().strip() if file else os.environ.get("ADMIN_KEY", "")


def is_master(environment):
    return isinstance(environment.runner, locust.runners.MasterRunner)


def is_worker(environment):
    return isinstance(environment.runner, locust.runners.WorkerRunner)


@events.init.add_listener
def check_settings(environment, **_):
    """Before anything is asked for: a mistake in a setting ends the process."""
    try:
        environment.loadtest_limits = load_rules.limits(os.environ)
    except load_rules.RuleError as error:
        raise SystemExit(f"loadtest: {error}") from error
    environment.loadtest_refused = None
    if is_master(environment):
        environment.runner.register_message("refused", note_refusal)


def note_refusal(environment, msg, **_):
    """A worker could not begin: what the others do is less than what was asked for."""
    LOG.error("loadtest: a worker says: %s", msg.data)
    environment.loadtest_refused = msg.data


@events.test_start.add_listener
def look_around(environment, **_):
    """The host may have been typed into the web page, or come from the master: it is checked where it will be asked."""
    environment.loadtest_refused = None
    if is_master(environment):
        return
    try:
        environment.host = load_rules.check_host(environment.host, os.environ)
        Catalogue.load(environment.host)
    except (load_rules.RuleError, OSError, http.client.HTTPException, ValueError, KeyError) as error:
        LOG.error("loadtest: %s", error)
        environment.loadtest_refused = str(error)
        if is_worker(environment):
            environment.runner.send_message("refused", str(error))
        # Later, as Locust goes on starting users when it comes back from here.
        gevent.spawn(environment.runner.stop if environment.web_ui else environment.runner.quit)


@events.quitting.add_listener
def check_outcome(environment, **_):
    if is_worker(environment):
        return
    stats = environment.stats
    reads = [entry for (_, method), entry in stats.entries.items() if method != "POST"]
    failures = stats.total.num_failures + sum(raised["count"] for raised in environment.runner.exceptions.values())
    outcome = load_rules.judge(load_rules.merged(entry.response_times for entry in reads), failures, environment.loadtest_limits)
    seconds = max(stats.last_request_timestamp - stats.start_time, 1e-9) if stats.last_request_timestamp else 1.0
    times = ", ".join(f"{name.lower().removesuffix('_ms')} {time:g} ms (at most {environment.loadtest_limits[name]:g})"
                      for name, time in outcome.percentiles_ms.items())
    LOG.info("loadtest: %d reads, %.1f a second, %d failures; %s", outcome.answers, outcome.answers / seconds, outcome.failures, times)
    for problem in outcome.problems:
        LOG.error("loadtest: %s", problem)
    passed = not outcome.problems and not environment.loadtest_refused
    LOG.info("loadtest: %s", "passed" if passed else "failed")
    environment.process_exit_code = 0 if passed else 1
