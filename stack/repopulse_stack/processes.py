"""What /proc tells: whether a process is still the one that was started, what is left of it, who holds a port."""

import os
import pathlib
import signal
import time


def start_time(pid):
    """The start of a process in clock ticks since boot, with the boot's id; None when there is no such process.

    Together with the pid it names a process for good: a pid alone may belong to somebody else by now.
    """
    fields = _stat(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    return f"{_boot_id()}:{fields[19]}"


def session(pid):
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def _stat(pid):
    """The fields of /proc/PID/stat after the command's name, which may hold blanks and parentheses."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _boot_id():
    try:
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "boot"


def is_same(pid, recorded_start):
    return bool(pid) and recorded_start is not None and start_time(pid) == recorded_start


def memory_mib(pid):
    """Resident memory of a process and of its children (nginx works in them)."""
    total = 0
    for member in members(pid) or [pid]:
        try:
            total += int(pathlib.Path(f"/proc/{member}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20


def members(leader):
    """All living processes of the session that `leader` began."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and session(int(entry)) == leader and start_time(int(entry)) is not None:
            found.append(int(entry))
    return found


def leftovers(leader, recorded_start, run_dir):
    """Processes of a part whose supervisor is gone: the part itself and what it started.

    When the leader has ended, its session's members count only if they work inside run_dir; another program's session could have the number by now.
    """
    if start_time(leader) is not None and start_time(leader) != recorded_start:
        return []
    found = members(leader)
    if leader in found:
        return found
    return [pid for pid in found if _works_inside(pid, run_dir)]


def _works_inside(pid, folder):
    try:
        return os.path.commonpath([os.readlink(f"/proc/{pid}/cwd"), str(folder)]) == str(folder)
    except (OSError, ValueError):
        return False


def end(find, grace_seconds):
    """Ends the processes that find() names: SIGTERM, also to stopped ones, after the grace SIGKILL. True when none is left."""
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5.0)):
        for pid in find():
            try:
                os.kill(pid, number)
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not find():
                return True
            time.sleep(0.02)
    return not find()


def port_holder(port):
    """"PID/NAME" of the process that listens on a TCP port, or what is known of it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = pathlib.Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    holders = sorted(pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _holds(pid, inodes))
    if holders:
        name = pathlib.Path(f"/proc/{holders[0]}/comm").read_text().strip()
        return f"{holders[0]}/{name}"
    return "another user's process" if inodes else "a process that cannot be named"


def _holds(pid, inodes):
    try:
        return any(os.readlink(entry.path) in inodes for entry in os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        return False
