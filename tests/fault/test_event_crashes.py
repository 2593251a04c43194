"""Killed at random moments while it collects and while it imports, each event is counted once, and none that was reported is lost."""

import collections
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time

import pytest
from eventlog import assert_agrees, identity, stored, truth
from service import TOKEN, Service
from simulated import SimulatedGitHub
from stack import PROJECT, request, wait_until

COLLECTING_KILLS, IMPORTING_KILLS = 16, 14
START = "2026-11-01T00:00:00Z"
PARTS = ["leader", "leader", "database", "redis"]
EVENTS, FILES_DAYS, FILES_END = 120_000, 1, "2026-11-02T00:00:00Z"


@pytest.fixture(scope="module")
def github():
    with SimulatedGitHub("--token", TOKEN, "--topic", "lab=60", "--events-per-second", "30", "--start-time", START, "--outside", "5000") as running:
        yield running


@pytest.fixture
def service(github):
    with Service(github, ["lab"], TRACK_TOP=5, LOG_LEVEL="warn") as running:
        yield running


def kill(service, victim):
    """kill -9 of a part, or of the replica whose job runs now; returns when all is back."""
    if victim == "leader":
        rows = service.sql("SELECT replica FROM jobs WHERE state = 'running' ORDER BY id DESC LIMIT 1")
        victim = rows[0][0] if rows else "api-a"
    service.kill_part(victim)
    service.start_part(victim)  # at once, where the launcher would wait longer after each kill
    for name in ("a", "b"):
        wait_until(lambda: ready(service, name), 30, what=f"replica {name} to be ready")


def ready(service, name):
    try:
        return service.ask(name, "/readyz", timeout=5).status == 200
    except OSError:
        return False


def everything_due(service):
    service.sql("UPDATE event_sources SET next_poll_at = '2020-01-01' WHERE kind <> 'details'")


def start(service, name):
    """Starts a maintenance job, at whichever replica lives."""
    try:
        return service.admin("POST", f"/maintenance/{name}", timeout=10).status
    except OSError:
        return None


def reported_new(service):
    return int(service.sql("SELECT COALESCE(SUM(events_new), 0) FROM event_sources")[0][0])


def test_collecting_survives_kills(service, github):
    rng = random.Random(11)
    github.faults({"kind": "delay", "regex": "events", "seconds": 0.05})
    for number in range(COLLECTING_KILLS):
        github.control("POST", "advance", {"seconds": 60})
        everything_due(service)
        start(service, "collect")
        time.sleep(rng.uniform(0, 0.5))  # anywhere in the run
        kill(service, PARTS[number % len(PARTS)])
        reported = reported_new(service)  # first, as the run may be going on
        assert len(stored(service)) >= reported
    github.faults()
    everything_due(service)
    assert service.maintenance("collect").status == 200
    have = stored(service)
    twice = [one for one, times in collections.Counter(have).items() if times > 1]
    assert not twice
    known = {identity(row) for row in truth(github, since=START)}
    since_start = {one for one in have if one[2] >= START}
    assert since_start <= known and len(since_start) > 300
    assert len(have) >= reported_new(service)
    assert_agrees(service)


def test_two_replicas_told_to_collect_at_once_do_it_once(service, github):
    github.control("POST", "advance", {"seconds": 600})
    everything_due(service)
    before, answers = github.count(), {}
    threads = [threading.Thread(target=lambda name=name: answers.update({name: service.control(name, "/maintenance/collect?wait=60")}))
               for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers.values()} == {200}
    asked = [(entry["path"], entry["params"].get("page", "1")) for entry in github.requests(path="/", since=before)
             if "events" in entry["path"]]
    assert asked and len(asked) == len(set(asked)), "something was asked for twice"
    assert_agrees(service)


@pytest.fixture(scope="module")
def archive():
    """Hours of made-up events, and their identities."""
    folder = tempfile.mkdtemp(prefix="repopulse-archive-")
    os.chmod(folder, 0o755)  # the servers' user reads it
    generator = pathlib.Path(os.environ.get("REPOPULSE_BIN", PROJECT / "build/release/repopulse")).parent / "event_generator"
    subprocess.run([generator, str(folder), str(EVENTS), str(FILES_DAYS), FILES_END, "5000", "3"], check=True)
    identities = set()
    for path in pathlib.Path(folder).iterdir():
        with gzip.open(path, "rt") as lines:
            identities |= {identity(json.loads(line)) for line in lines}
    assert len(identities) == EVENTS
    yield folder, identities
    shutil.rmtree(folder)


def launch_import(service, folder):
    return subprocess.Popen(["/usr/bin/python3", "stack/repopulse-stack", "import", "--json", str(folder)], cwd=PROJECT,
                            env=service.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)


def importer_of(launched):
    """The process that does the work, below the launcher; or the launcher itself."""
    children = subprocess.run(["pgrep", "-P", str(launched.pid)], capture_output=True, text=True).stdout.split()
    return int(children[0]) if children else launched.pid


def test_importing_survives_kills(service, archive):
    folder, identities = archive
    rng = random.Random(5)
    for number in range(IMPORTING_KILLS):
        launched = launch_import(service, folder)
        time.sleep(rng.uniform(0.05, 0.6))  # anywhere in the run
        if number % 2 == 0:
            kill(service, "database")
        else:
            subprocess.run(["kill", "-9", str(importer_of(launched))])
        try:
            launched.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            launched.kill()
            launched.communicate()
            pytest.fail("the import neither went on nor ended")
        added = int(service.sql("SELECT COALESCE(SUM(events_new), 0) FROM imports")[0][0])
        assert int(service.sql("SELECT COUNT(*) FROM events WHERE created_at < '2026-11-02' AND id > 3000000000")[0][0]) >= added
    launched = launch_import(service, folder)
    out, errors = launched.communicate(timeout=300)
    assert launched.returncode == 0, errors
    have = [one for one in stored(service) if one in identities]
    assert len(have) == len(identities) and set(have) == identities
    assert json.loads(out)["total"]["bad_lines"] == 0
    assert_agrees(service)
    again, errors = launch_import(service, folder).communicate(timeout=300)
    assert json.loads(again)["total"]["new"] == 0, again
    assert request(service.url + "/livez").status == 200
