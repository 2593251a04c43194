"""The services that the product is compared with, each on a free port, both reading the list from a Redis of their own."""

import contextlib
import os
import shutil
import subprocess

import redis

from stack import free_port, request

from . import PROJECT
from .processes import Broken, Server

SOURCES = PROJECT / "loadtest" / "baselines"
BUILD = PROJECT / "build" / "bench"


def build_go():
    """build/bench/list_service, made anew when its source changed. Nothing is fetched: the program needs Go's own library only."""
    BUILD.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GO111MODULE": "off", "GOPROXY": "off", "GOFLAGS": "", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local",
                   "GOCACHE": str(BUILD / "go-cache"), "GOPATH": str(BUILD / "go-path")}
    done = subprocess.run(["/usr/bin/go", "build", "-o", BUILD / "list_service", SOURCES / "list_service.go"], env=environment,
                          cwd=SOURCES, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Broken(f"building the Go baseline: {done.stderr}")
    return BUILD / "list_service"


def redis_server(folder):
    socket = folder / "redis.sock"
    command = ["/usr/bin/redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder]
    return Server("the baselines' Redis", command, lambda: is_there(socket))


def is_there(socket):
    try:
        return redis.Redis(unix_socket_path=str(socket)).ping()
    except redis.exceptions.ConnectionError:
        return False


@contextlib.contextmanager
def running(folder, target, body):
    """{"python": port, "go": port} of services that give the body at the target, /api/popularity/TOPIC."""
    folder = folder / "baselines"
    folder.mkdir()
    for source in (SOURCES / "flask_service.py", build_go()):
        shutil.copy(source, folder)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    ports = {"python": free_port(), "go": free_port()}
    environment = {"REDIS_SOCKET": str(folder / "redis.sock"), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder)}
    workers = 2 * os.cpu_count() + 1  # as gunicorn's manual advises
    commands = {
        "python": ["/usr/bin/python3", "-m", "gunicorn", "--workers", workers, "--bind", f"127.0.0.1:{ports['python']}",
                   "--log-level", "warning", "flask_service:app"],
        "go": [folder / "list_service", f"127.0.0.1:{ports['go']}"],
    }
    with contextlib.ExitStack() as servers:
        servers.enter_context(redis_server(folder))
        redis.Redis(unix_socket_path=environment["REDIS_SOCKET"]).set("popularity:" + target.rpartition("/")[2], body)
        for name, command in commands.items():
            servers.enter_context(Server(f"the baseline {name}", command, answers(ports[name], target), environment, folder))
        yield ports


def answers(port, target):
    return lambda: request(f"http://127.0.0.1:{port}{target}").status == 200
