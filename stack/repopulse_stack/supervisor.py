"""The process that starts the parts in order, keeps them running, takes commands, and stops them in order."""

import asyncio
import datetime
import itertools
import json
import os
import shutil
import signal
import time

from . import configs, control, keys, logs, parts, ports, probes, processes, staging, state
from .reports import Failure
from .runner import LOG_LINES, Runner, describe_exit
from .settings import PASSED_ON, SECRETS

ROTATE_SECONDS = 1.0
FREE_MIB_MIN = 256
MIGRATE_SECONDS = 300
READY_SECONDS = 30.0
FIRST_TOPIC_SECONDS = {"demo": 60.0, "github": 20.0}


class Supervisor:
    """Lives in one thread. `settings`, `secrets` (name -> value, may be empty) and `files` come from the command line."""

    def __init__(self, layout, settings, secrets, files, report):
        self.layout = layout
        self.settings = settings
        self.given_secrets = secrets
        self.files = files
        self.report = report
        self.runners = {}
        self.phase = "starting"
        self.leaving = asyncio.Event()

    async def run(self, when_ready):
        """Until a signal or `down` ends it. when_ready(first topic's answer is there) is called once all parts run.

        Failure when the start fails; all that was started is stopped by then.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.leaving.set)
        self.save()
        self.note("stack", "starts")
        server = await control.serve(self.layout.control_socket, self)
        rotation = asyncio.create_task(self.rotate_logs())
        try:
            if await self.until_leaving(self.start(when_ready)):
                await self.leaving.wait()
            self.note("stack", "is going down")
        finally:
            await self.stop_all()
            rotation.cancel()
            server.close()
            self.layout.control_socket.unlink(missing_ok=True)

    async def until_leaving(self, work):
        """Runs work unless the stack is told to go down meanwhile. True when it ran to its end."""
        task = asyncio.create_task(work)
        leaving = asyncio.create_task(self.leaving.wait())
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if task.cancelled():
            return False
        task.result()
        return True

    # --- start --------------------------------------------------------------------------------------------------------

    async def start(self, when_ready):
        around, environment = self.prepare()
        await self.install_database(around)
        self.report.step("starting " + ", ".join(part.name for part in parts.servers(around)))
        await self.start_parts(parts.servers(around))
        await self.migrate(around, environment)
        replicas = parts.replicas(around, environment)
        self.report.step("starting " + ", ".join(part.name for part in replicas) + ", proxy, cron")
        await self.start_parts(replicas)
        configs.proxy(self.layout, self.settings, around.ports)
        await self.start_parts([parts.proxy(around)])
        await self.start_parts([parts.cron(around)])
        await self.until_ready()
        self.phase = "ready"
        answered = await self.first_topic(replicas[0])
        self.save()
        when_ready(answered)

    def prepare(self):
        """Folders, files, secrets, ports and configuration: all that needs no running server."""
        layout = self.layout
        free = configs.free_mib(layout.root)
        if free < FREE_MIB_MIN:
            raise Failure(f"Only {free} MiB are free on the disk of {layout.root}, and the stack needs at least {FREE_MIB_MIN}: "
                          "make room, or choose a RUN_DIR elsewhere", 73)
        staging.install(self.files, layout.app)
        layout.make_folders()
        secrets = keys.settle(layout.secrets, self.given_secrets)
        chosen = ports.choose(layout, self.settings.replicas, self.settings.demo)
        around = parts.Surroundings(layout, self.settings, chosen, secrets)
        configs.database(layout, configs.buffer_pool_mib(self.settings.values.get("DB_BUFFER_POOL_MIB")), secrets["DB_PASSWORD"])
        configs.redis(layout, self.settings.values.get("REDIS_MAXMEMORY_MIB") or "256", secrets.get("REDIS_PASSWORD"))
        given = parts.passed_settings(self.settings.values, PASSED_ON, SECRETS)
        environment = parts.service_environment(around, given)
        configs.remember_service_environment(layout, environment)
        return around, environment

    async def install_database(self, around):
        """Once: the system tables, made beside their place so that an interrupted try leaves nothing half done."""
        if self.layout.database.exists():
            return
        self.report.step("setting the database up (once)")
        command, folder = parts.install_database(around)
        shutil.rmtree(folder, ignore_errors=True)
        await self.run_once("database", command, parts.base_environment(self.layout), MIGRATE_SECONDS, "setting the database up")
        os.rename(folder, self.layout.database)

    async def migrate(self, around, environment):
        command, environment = parts.migration(around, environment)
        await self.run_once("migrate", command, environment, MIGRATE_SECONDS, "bringing the database to the service's schema")

    async def run_once(self, name, command, environment, seconds, what):
        """A command that ends by itself, its output in NAME.log."""
        log = logs.open_for_part(self.layout, name)
        try:
            process = await asyncio.create_subprocess_exec(
                "/usr/bin/setpriv", "--pdeathsig", "TERM", *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.layout.root, env=environment, start_new_session=True)
        finally:
            os.close(log)
        try:
            code = await asyncio.wait_for(process.wait(), seconds)
        except (asyncio.TimeoutError, asyncio.CancelledError):
            process.kill()
            raise
        if code:
            end = "".join(f"\n    {line}" for line in logs.tail(self.layout.log, name, LOG_LINES))
            raise Failure(f"{what} failed with {describe_exit(code)}. The end of {self.layout.log / (name + '.log')}:{end}", code)

    async def start_parts(self, group):
        """Side by side; the first failure ends the others' start too."""
        for part in group:
            self.runners[part.name] = Runner(part, self.layout, self.save, self.note)
        tasks = [asyncio.create_task(self.runners[part.name].start()) for part in group]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def until_ready(self):
        """What a replica says of its database and cache, asked through the proxy."""
        deadline = time.monotonic() + READY_SECONDS
        while not await probes.http_answers(self.settings.host, self.settings.port, "/readyz"):
            if time.monotonic() > deadline:
                raise Failure(f"{self.settings.url}/readyz does not answer 200 after {READY_SECONDS:.0f} s. Its log: "
                              f"{self.layout.log}/api-a.log")
            await asyncio.sleep(0.02)

    async def first_topic(self, replica):
        """Waits until the first topic has repositories, if any are collected. Asked of a replica, so that the proxy caches
        no empty list."""
        if not self.settings.topics or not self.settings.collect:
            return True
        topic = self.settings.topics[0]
        deadline = time.monotonic() + FIRST_TOPIC_SECONDS[self.layout.mode]
        for attempt in itertools.count():
            if await probes.has_rows("127.0.0.1", replica.ports[0], f"/api/v1/topics/{topic}/repositories?per_page=1"):
                return True
            if time.monotonic() > deadline:
                return False
            if attempt == 10:
                self.report.step(f"collecting the topic {topic}")
            await asyncio.sleep(0.02 if attempt < 50 else 0.1)

    # --- stop ---------------------------------------------------------------------------------------------------------

    async def stop_all(self):
        self.phase = "stopping"
        self.save()
        for rank in range(len(state.STOP_ORDER)):
            group = [runner for name, runner in self.runners.items()
                     if state.stop_rank(name) == rank and (runner.process or runner.keeper)]
            if group:
                self.report.step("stopping " + ", ".join(runner.part.name for runner in group))
                await asyncio.gather(*(runner.stop() for runner in group))
        self.phase = "down"
        self.save()

    # --- while it runs ------------------------------------------------------------------------------------------------

    async def rotate_logs(self):
        while True:
            await asyncio.sleep(ROTATE_SECONDS)
            logs.rotate(self.layout.log)

    def runner(self, name):
        if name not in self.runners:
            raise Failure(f"there is no part {name}; there are: {', '.join(self.runners)}", 64)
        return self.runners[name]

    def note(self, part, message):
        """A line in the stack's own log."""
        now = datetime.datetime.now(datetime.timezone.utc)
        line = json.dumps({"time": now.isoformat(timespec="milliseconds"), "part": part, "message": message})
        self.layout.log.mkdir(mode=0o700, exist_ok=True)
        with open(self.layout.log / "stack.log", "a") as file:
            file.write(line + "\n")

    def save(self):
        pid = os.getpid()
        state.write(self.layout, {
            "state": self.phase, "url": self.settings.url, "port": self.settings.port, "demo": self.settings.demo,
            "run_dir": str(self.layout.root), "supervisor": pid, "supervisor_start": processes.start_time(pid),
            "parts": {name: runner.record() for name, runner in self.runners.items()},
        })
