"""The parts of a stack: how each is started, when it is ready, how long its orderly end may take."""

import dataclasses
import datetime
import os
import shlex
import typing

from . import probes

PYTHON = "/usr/bin/python3"


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    command: list
    environment: dict
    ready: typing.Callable  # asynchronous, no arguments
    stop_seconds: float
    ports: tuple = ()
    start_seconds: float = 30.0


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the definitions below draw on."""

    layout: object
    settings: object
    ports: dict
    secrets: dict  # NAME -> file


def base_environment(layout):
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(layout.root),
        "PYTHONUNBUFFERED": "1",
    }


def service_environment(around, settings_of_parts):
    """What every run of the binary gets: the given settings, with secrets as files and the servers' addresses."""
    layout = around.layout
    environment = {**base_environment(layout), **settings_of_parts}
    for name, path in around.secrets.items():
        environment[name + "_FILE"] = str(path)
    environment.update({
        "DB_SOCKET": str(layout.database_socket),
        "DB_USER": "repopulse",
        "DB_NAME": "repopulse",
        "REDIS_SOCKET": str(layout.redis_socket),
        "MIGRATIONS_DIR": str(layout.app / "migrations"),
        "DEMO": "1" if around.settings.demo else "0",
    })
    if around.settings.demo:
        environment["GITHUB_API_URL"] = f"http://127.0.0.1:{around.ports['github'][0]}"
        # A real token has no business in the simulation, which takes any; with one there is more room to collect.
        environment.pop("GITHUB_TOKEN_FILE", None)
        environment["GITHUB_TOKEN"] = "simulated"
    return environment


def database(around):
    layout = around.layout
    return Part(
        "database", ["/usr/sbin/mariadbd", f"--defaults-file={layout.conf}/database.cnf"], base_environment(layout),
        lambda: probes.database_answers(str(layout.database_socket)), stop_seconds=60.0, start_seconds=120.0)


def redis(around):
    layout = around.layout
    password_file = around.secrets.get("REDIS_PASSWORD")
    password = password_file.read_text().strip() if password_file else ""
    return Part(
        "redis", ["/usr/bin/redis-server", f"{layout.conf}/redis.conf"], base_environment(layout),
        lambda: probes.redis_answers(str(layout.redis_socket), password), stop_seconds=10.0)


def github(around):
    layout = around.layout
    port = around.ports["github"][0]
    environment = {**base_environment(layout), "PYTHONPATH": str(layout.app / "support"), "PYTHONDONTWRITEBYTECODE": "1"}
    return Part(
        "github", [PYTHON, "-m", "simgithub", "--port", str(port), *_simulation_options(layout)], environment,
        lambda: probes.http_answers("127.0.0.1", port, "/_sim/health"), stop_seconds=5.0, ports=(port,))


def _simulation_options(layout):
    """A world that goes on over restarts, quiet and without limits; SIMULATED_GITHUB_OPTIONS replaces all that, for tests."""
    given = os.environ.get("SIMULATED_GITHUB_OPTIONS")
    if given is not None:
        return shlex.split(given)
    began = layout.data / "world-began"
    if not began.exists():
        began.write_text(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return ["--start-time", began.read_text(), "--catch-up", "--no-limits", "--quiet"]


def replica(around, name, environment):
    port, control_port = around.ports[name]
    own = {"API_LISTEN": f"127.0.0.1:{port}", "CONTROL_LISTEN": f"127.0.0.1:{control_port}", "REPLICA_NAME": name}
    return Part(
        name, [str(around.layout.app / "bin" / "repopulse"), "serve"], {**environment, **own},
        lambda: probes.http_answers("127.0.0.1", port, "/livez"), stop_seconds=30.0, ports=(port, control_port), start_seconds=60.0)


def proxy(around):
    layout, settings = around.layout, around.settings
    return Part(
        "proxy",
        ["/usr/sbin/nginx", "-c", f"{layout.conf}/proxy.conf", "-p", str(layout.proxy), "-e", "stderr", "-g", "daemon off;"],
        base_environment(layout),
        lambda: probes.http_speaks(settings.host, settings.port, "/"), stop_seconds=10.0, ports=(settings.port,))


def cron(around):
    layout, values = around.layout, around.settings.values
    environment = {
        **base_environment(layout),
        "PATH": f"{layout.app}/cron:" + base_environment(layout)["PATH"],
        "API_URL": around.settings.url,
        "ADMIN_KEY_FILE": str(around.secrets["ADMIN_KEY"]),
        "COLLECT": values.get("COLLECT") or "on",
    }
    return Part(
        "cron", [PYTHON, str(layout.app / "cron" / "run-crontab"), str(layout.app / "cron" / "crontab")], environment,
        _at_once, stop_seconds=10.0)


async def _at_once():
    return True


def servers(around):
    """What needs no other part and is started side by side."""
    return [database(around), redis(around)] + ([github(around)] if around.settings.demo else [])


def replicas(around, environment):
    return [replica(around, name, environment) for name in around.ports if name.startswith("api-")]


def migration(around, environment):
    return [str(around.layout.app / "bin" / "repopulse"), "migrate"], environment


def install_database(around):
    """The command that fills an empty data folder, run once. --force: it must not matter whether the host has a name."""
    folder = around.layout.data / "mariadb.new"
    return ["/usr/bin/mariadb-install-db", f"--defaults-file={around.layout.app}/conf/repopulse.cnf", f"--datadir={folder}",
            f"--tmpdir={around.layout.data}", "--force", "--skip-test-db", "--auth-root-authentication-method=socket"], folder


def passed_settings(values, passed_on, secrets):
    """Settings for the service: those given and not empty, without secrets, and what it needs of the caller's surroundings."""
    hidden = {variant for name in secrets for variant in (name, name + "_FILE")}
    own = {name: value for name, value in values.items() if value and name not in hidden}
    return {**own, **{name: os.environ[name] for name in passed_on if name in os.environ}}
