"""Importing: rows a second of `repopulse import` beside the same rows inserted into a bare table, and its memory."""

import json
import os
import select
import statistics
import subprocess
import tempfile

from stack import LAUNCHER, Stack

from . import PROJECT
from .load import tool
from .processes import Broken

HOURS = PROJECT.parent / "shared/data/gharchive"
SECONDS_MAX = 900
NO_GITHUB = {"COLLECT": "off", "CLIENT_RATE_LIMIT": "0", "GITHUB_API_URL": "http://127.0.0.1:9"}


def run_import(stack, *paths, with_floor=False):
    """`repopulse import` of these: events added, seconds, the most memory that its process ever held; and the floor of all that is stored."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(["/usr/bin/python3", LAUNCHER, "import", "--json", *map(str, paths)], cwd=PROJECT,
                                   env=stack.environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        code, used = wait(process)
        output.seek(0)
        errors.seek(0)
        if code:
            raise Broken(f"import ended with {code}: {errors.read().decode('utf-8', 'replace')[-2000:]}")
        report = json.loads(output.read())
    added, seconds = report["total"]["new"], report["seconds"]
    if not added or not seconds:
        raise Broken(f"import took nothing: {report}")
    return {"added": added, "seconds": seconds, "per_second": added / seconds, "rss_mib": used.ru_maxrss / 1024,
            **({"floor_per_second": floor(stack)} if with_floor else {})}


def wait(process):
    """(exit status, what it used)."""
    descriptor = os.pidfd_open(process.pid)
    try:
        if not select.select([descriptor], [], [], SECONDS_MAX)[0]:
            process.kill()
    finally:
        os.close(descriptor)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used


def floor(stack, rounds=3):
    """The stored events' rows inserted once more into a bare table of the same server; rows a second."""
    password = (stack.run_dir / "secrets" / "db-password").read_text().strip()
    done = subprocess.run([tool("bulk_floor"), stack.database_socket, "repopulse", "repopulse", str(rounds)],
                          env={**os.environ, "DB_PASSWORD": password}, capture_output=True, text=True, timeout=SECONDS_MAX)
    if done.returncode:
        raise Broken(f"the floor of importing: {done.stderr}")
    return statistics.median(json.loads(done.stdout)["rows_per_second"])


def from_nothing(rounds, now, *paths):
    """The same archive into so many stacks, each new."""
    found = []
    for _ in range(rounds):
        with Stack(demo=False, env={**NO_GITHUB, "REPLAY_NOW": now}) as stack:
            found.append(run_import(stack, *paths, with_floor=True))
    return found


def summary(runs):
    return {"events_per_s": round(statistics.median(run["per_second"] for run in runs)),
            "floor_rows_per_s": round(statistics.median(run["floor_per_second"] for run in runs)),
            "import_vs_bulk_floor": round(statistics.median(run["per_second"] / run["floor_per_second"] for run in runs), 3),
            "events": runs[0]["added"], "runs": runs}


def real_hours(rounds):
    """The recorded hours that may lie beside the project; None where they do not."""
    files = sorted(HOURS.glob("2015-*.json.gz"))
    return summary(from_nothing(rounds, "2015-01-01T04:00:00Z", *files)) if files and rounds else None
