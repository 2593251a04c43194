"""What a result has to say about where it was measured."""

import os
import platform
import re
import subprocess
import time

from . import PROJECT
from .load import BIN

COMMANDS = {
    "repopulse": [BIN / "repopulse", "--version"],
    "nginx": ["/usr/sbin/nginx", "-v"],
    "redis": ["/usr/bin/redis-server", "--version"],
    "mariadb": ["/usr/sbin/mariadbd", "--version"],
    "wrk": ["wrk", "-v"],
    "python": ["/usr/bin/python3", "--version"],
    "gunicorn": ["/usr/bin/python3", "-m", "gunicorn", "--version"],
    "flask": ["dpkg-query", "-W", "-f=${Version}", "python3-flask"],
    "go": ["/usr/bin/go", "version"],
    "commit": ["git", "-c", "safe.directory=*", "-C", PROJECT, "rev-parse", "--short", "HEAD"],
}


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    return next(iter((done.stdout + done.stderr).strip().splitlines()), None)


def busy_share(seconds=0.5):
    """Of all processors, what is in use already: a measurement beside it is worth little."""
    before = processor_times()
    time.sleep(seconds)
    busy, all_ = (after - earlier for after, earlier in zip(processor_times(), before))
    return round(busy / all_, 3)


def processor_times():
    """(busy, all), in ticks since the start."""
    with open("/proc/stat") as file:
        user, nice, system, idle, waiting, *others = map(int, file.readline().split()[1:9])
    busy = user + nice + system + sum(others)
    return busy, busy + idle + waiting


def describe():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*: (.+)$", file.read(), re.M)
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {"cpu": model[1] if model else platform.machine(), "cores": os.cpu_count(), "memory_mib": memory_mib, "kernel": platform.release()}


def versions():
    return {name: first_line(command) for name, command in COMMANDS.items()}
