"""Processes of the benchmark's own: started, awaited, ended by their own ids; and what /proc tells of any."""

import os
import pathlib
import pwd
import subprocess
import tempfile

from stack import wait_until


class Broken(Exception):
    """A measurement, or what it needs, went wrong; the text says what. No figure comes of it."""


def ordinary_user():
    """Popen's arguments for a server that root starts: as nobody, like the stack's own."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class Server:
    """A context. Ends with this program, whatever ends it; `ready` is asked until it is true."""

    def __init__(self, name, command, ready, environment=None, cwd="/", user=None):
        self.name = name
        self.command = ["/usr/bin/setpriv", "--pdeathsig", "TERM", *map(str, command)]
        self.ready = ready
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **(environment or {})}
        self.cwd = cwd
        self.user = ordinary_user() if user is None else user
        self.process = None
        self.output = None

    def __enter__(self):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, env=self.environment, cwd=self.cwd, stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=self.output, **self.user)
        try:
            wait_until(self._is_ready, interval=0.002, what=self.name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.output.close()

    @property
    def pid(self):
        return self.process.pid

    def _is_ready(self):
        if self.process.poll() is not None:
            self.output.seek(0)
            raise Broken(f"{self.name} ended with {self.process.returncode}:\n{self.output.read().decode('utf-8', 'replace')[-2000:]}")
        try:
            return self.ready()
        except OSError:
            return False


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    raise Broken(f"process {pid} has no memory")


def processor_seconds(pid):
    """What all threads of a process have used so far; of threads that ended, nothing."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
