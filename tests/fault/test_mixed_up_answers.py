"""No client ever gets another client's answer, whoever aborts in the middle of what.

Pistache's own way of sending can write one client's answer to another that got the same file descriptor: here many clients
abort large answers while others check that every byte they get belongs to what they asked for.
"""

import random
import socket
import struct
import threading
import time

import pytest
from load import Load, exactly
from stack import wait_until

SECONDS = 4.0
ABORTERS = 6
RANKING = "/api/v1/topics/{}/repositories?per_page=100"
# Of different sizes, from 10 bytes to 140 KB, ready in the replica's own cache.
BASES = ["/api/lab", "/api/popularity/lab", "/api/activity/lab", "/api/shelf", "/api/docker", "/api/popularity/docker", "/api/activity/docker",
         RANKING.format("lab"), RANKING.format("docker"), RANKING.format("docker") + "&sort=newest", "/test"]
VARIANTS = 40


def variants(base):
    """The same to a replica, and something else to the proxy's cache."""
    return [base + ("" if "?" in base else "?") + "&" * number for number in range(1, VARIANTS)]


PATHS = {"replica": BASES, "proxy": [path for group in zip(*map(variants, BASES)) for path in group]}


class Aborters:
    """Threads that ask for something large and go away: at once, after the head, or in the middle, with a reset or without."""

    def __init__(self, port, paths, seed):
        self.port, self.paths, self.count = port, paths, 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(random.Random(seed + number),), daemon=True) for number in range(ABORTERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, rng):
        while not self._done.is_set():
            try:
                self._abort(rng)
                self.count += 1
            except OSError:
                pass  # refused or cut: the point is to be a nuisance

    def _abort(self, rng):
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(5)
            connection.connect(("127.0.0.1", self.port))
            if rng.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            target = rng.choice(self.paths)
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            for _ in range(rng.choice((0, 1, 1, 3))):
                if not connection.recv(rng.choice((1, 500, 4000))):
                    return


def fresh_body(service, path):
    """What no refresh will change: None while an answer is older than the data."""
    answers = [service.ask_fresh(name, path) for name in ("a", "b")]
    return answers[0].body if None not in answers and answers[0].body == answers[1].body else None


@pytest.mark.parametrize("way", list(PATHS))
def test_every_byte_belongs_to_what_was_asked_while_others_abort(small_service, way):
    port = small_service.port if way == "proxy" else small_service.ports("a")[0]
    bodies = {base: wait_until(lambda: fresh_body(small_service, base), 10, interval=0.01, what=f"a fresh {base}") for base in BASES}
    assert len(set(bodies.values())) == len(BASES) and all(bodies.values())
    wanted = {path: bodies[base] for base in BASES for path in [base, *variants(base)]}
    pids = small_service.pids()
    until = time.monotonic() + SECONDS
    with Aborters(port, PATHS[way], seed=1) as aborters, Load(port, PATHS[way], exactly(wanted), threads=3) as load:
        while time.monotonic() < until and not load.failures:
            time.sleep(0.05)
    assert not load.failures, load.failures[:5]
    assert load.count > 300 and aborters.count > 100, (load.count, aborters.count)
    assert small_service.pids() == pids
