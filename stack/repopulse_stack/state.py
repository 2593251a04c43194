"""RUN_DIR/state.json: what runs, for status and for recovery after a crash of the supervisor."""

import fcntl
import json
import os

from . import processes

# cron first, so that no new work begins; what others need goes last.
STOP_ORDER = ("cron", "proxy", "api", "github", "redis", "database")


def write(layout, content):
    new = layout.state_file.with_name("state.json.new")
    new.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(new, layout.state_file)


def read(layout):
    try:
        content = json.loads(layout.state_file.read_text())
        return content if isinstance(content, dict) else {}
    except (OSError, ValueError):
        return {}


def is_up(content):
    return processes.is_same(content.get("supervisor"), content.get("supervisor_start"))


def take_lock(layout):
    """The descriptor that marks this process as the stack's one supervisor; None when there is one."""
    descriptor = os.open(layout.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None


def stop_rank(name):
    return STOP_ORDER.index("api" if name.startswith("api-") else name)


def end_leftovers(layout, report):
    """Ends what a supervisor that was killed left running. Holds the lock's protection: call it only with the lock."""
    parts = read(layout).get("parts", {})
    for name in sorted((name for name in parts if parts[name].get("pid")), key=stop_rank):
        pid, start = parts[name]["pid"], parts[name].get("start")

        def find(pid=pid, start=start):
            return processes.leftovers(pid, start, layout.root)

        if find():
            report(f"{name} is left from a stack that was killed; ending it")
            processes.end(find, parts[name].get("stop_seconds", 10.0))
