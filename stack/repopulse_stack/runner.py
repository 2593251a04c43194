"""One part under supervision: started, watched, started again when it dies, stopped."""

import asyncio
import contextlib
import os
import signal
import time

from . import logs, processes
from .reports import Failure

POLL_SECONDS = 0.02
BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 10.0
STEADY_SECONDS = 30.0  # after running that long, the next death counts as the first
LOG_LINES = 15


class Runner:
    """States: stopped, starting, ready, failed (dead, waiting for its next start), paused."""

    def __init__(self, part, layout, changed, note):
        self.part = part
        self.layout = layout
        self.changed = changed  # called after each change of what record() says
        self.note = note  # note(part, message): a line in the stack's own log
        self.state = "stopped"
        self.process = None
        self.identity = None
        self.since = None
        self.restarts = 0
        self.keeper = None

    def record(self):
        """What others may know of this part, and what recovers it after a crash of the supervisor."""
        names = ("port", "control_port")
        return {
            "state": self.state, "pid": self.process.pid if self.process else None, "start": self.identity,
            "since": self.since, "restarts": self.restarts, "stop_seconds": self.part.stop_seconds,
            **dict(zip(names, self.part.ports)),
        }

    async def start(self):
        """Returns when the part is ready. Failure, with the end of its log, when it ends or takes too long."""
        if self.keeper:
            await self._kept_until_ready()
            return
        await self._spawn()
        try:
            await self._until_ready()
        except BaseException:
            await self._end_process()
            raise
        self.keeper = asyncio.create_task(self._keep())

    async def stop(self):
        """Orderly, after its time by force. The part stays stopped until start()."""
        await self._release()
        await self._end_process()

    async def kill(self):
        """As a crash would: the keeper starts it again."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            while self.process and self.process.returncode is None:
                await asyncio.sleep(POLL_SECONDS)

    def pause(self):
        os.killpg(self._living_pid(), signal.SIGSTOP)
        self._enter("paused")

    def resume(self):
        os.killpg(self._living_pid(), signal.SIGCONT)
        self._enter("ready")

    # --- inside -------------------------------------------------------------------------------------------------------

    def _living_pid(self):
        if not self.process:
            raise Failure(f"{self.part.name} does not run")
        return self.process.pid

    def _enter(self, state):
        self.state = state
        self.changed()

    async def _spawn(self):
        """setpriv ends the part with its supervisor; a session of its own keeps a terminal's Ctrl-C away from it."""
        log = logs.open_for_part(self.layout, self.part.name)
        try:
            self.process = await asyncio.create_subprocess_exec(
                "/usr/bin/setpriv", "--pdeathsig", "TERM", *self.part.command, stdin=asyncio.subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.layout.root, env=self.part.environment, start_new_session=True)
        finally:
            os.close(log)
        self.identity = processes.start_time(self.process.pid)
        self.since = time.time()
        self._enter("starting")

    async def _until_ready(self):
        deadline = time.monotonic() + self.part.start_seconds
        while not await self.part.ready():
            if self.process.returncode is not None:
                raise Failure(self._why(f"ended with {describe_exit(self.process.returncode)} while starting"))
            if time.monotonic() > deadline:
                raise Failure(self._why(f"was not ready after {self.part.start_seconds:.0f} s"))
            await asyncio.sleep(POLL_SECONDS)
        if self.process.returncode is not None:  # somebody else answered the question
            raise Failure(self._why(f"ended with {describe_exit(self.process.returncode)} while starting"))
        self._enter("ready")

    async def _kept_until_ready(self):
        deadline = time.monotonic() + self.part.start_seconds
        while self.state != "ready":
            if time.monotonic() > deadline or self.state == "paused":
                raise Failure(f"The part {self.part.name} is {self.state}")
            await asyncio.sleep(POLL_SECONDS)

    def _why(self, what):
        lines = logs.tail(self.layout.log, self.part.name, LOG_LINES)
        end = "".join(f"\n    {line}" for line in lines) or " (empty)"
        return f"The part {self.part.name} {what}. The end of its log, {self.layout.log / (self.part.name + '.log')}:{end}"

    async def _keep(self):
        """Starts the part again whenever it dies, later each time it dies soon."""
        backoff = BACKOFF_FIRST_SECONDS
        while True:
            code = await self.process.wait()
            self._end_group()
            if time.time() - self.since > STEADY_SECONDS:
                backoff = BACKOFF_FIRST_SECONDS
            self.note(self.part.name, f"died: {describe_exit(code)}; started again in {backoff:.1f} s")
            self.process = None
            self._enter("failed")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, BACKOFF_MAX_SECONDS)
            self.restarts += 1
            await self._start_again()

    async def _start_again(self):
        await self._spawn()
        try:
            await self._until_ready()
            self.note(self.part.name, "is ready again")
        except Failure as failure:
            self.note(self.part.name, failure.text)
            if self.process.returncode is None and not await self.part.ready():
                self._signal_group(signal.SIGKILL)

    async def _release(self):
        if self.keeper:
            self.keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.keeper
            self.keeper = None

    async def _end_process(self):
        if self.process:
            self._signal_group(signal.SIGCONT)
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(asyncio.shield(self.process.wait()), self.part.stop_seconds)
            except asyncio.TimeoutError:
                self.note(self.part.name, f"did not end within {self.part.stop_seconds:.0f} s; killed")
                self._signal_group(signal.SIGKILL)
                await self.process.wait()
            self._end_group()
            self.process = None
        self._enter("stopped")

    def _end_group(self):
        """What the part started and left behind: nginx's workers outlive a killed master and keep its port; cron's jobs
        are groups of their own in its session."""
        for pid in processes.members(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _signal_group(self, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def describe_exit(code):
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit status {code}"
