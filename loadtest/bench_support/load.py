"""The two load generators: wrk for rates, fixed_rate for latencies at a rate. Both refuse to give a figure of failed requests."""

import dataclasses
import json
import os
import pathlib
import re
import subprocess

from . import PROJECT
from .processes import Broken

BIN = pathlib.Path(os.environ.get("REPOPULSE_BIN", PROJECT / "build/release/repopulse")).absolute().parent
MANY_TARGETS = PROJECT / "loadtest/many_targets.lua"
CONNECTIONS = 64
KEPT = 0.98  # a rate of which less is answered in time is not kept


@dataclasses.dataclass(frozen=True)
class Load:
    per_second: float
    requests: int


def tool(name):
    path = BIN / name
    if not path.exists():
        raise Broken(f"{path} is not there: make build")
    return path


def wrk(port, target, seconds, gzip=False, targets_file=None):
    """Requests a second with 64 connections that each ask as soon as they were answered; targets_file: for one of these, at random."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", *(["-H", "Accept-Encoding: gzip"] if gzip else [])]
    url = f"http://127.0.0.1:{port}"
    command += ["-s", MANY_TARGETS, url, "--", targets_file] if targets_file else [url + target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    per_second = re.search(r"^Requests/sec: +([0-9.]+)", done.stdout, re.M)
    requests = re.search(r"^ *([0-9]+) requests in ", done.stdout, re.M)
    bad = [line.strip() for line in done.stdout.splitlines() if "Non-2xx" in line or "Socket errors" in line]
    if done.returncode or bad or not per_second or not requests or int(requests[1]) == 0:
        raise Broken(f"wrk at port {port}, {target}: {'; '.join(bad) or done.stdout + done.stderr}")
    return Load(float(per_second[1]), int(requests[1]))


def fixed_rate(port, target, rate, seconds):
    """What fixed_rate prints: answered, failed, not_200, per_second, p50_ms, p99_ms ..."""
    command = [tool("fixed_rate"), "127.0.0.1", str(port), target, str(rate), str(seconds), str(CONNECTIONS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    if done.returncode:
        raise Broken(f"fixed_rate at {rate}/s: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    if found["not_200"]:
        raise Broken(f"fixed_rate at {rate}/s: {found['not_200']} answers were not 200")
    return found


def is_kept(found, rate):
    return found["failed"] == 0 and found["per_second"] >= KEPT * rate
