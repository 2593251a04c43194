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

SECONDS = 4.0
ABORTERS = 6
# Not kept by the proxy, of different sizes: 250, 120 and 500 repositories.
PATHS = ["/db/lab", "/db/popularity/lab", "/db/activity/lab", "/db/shelf", "/db/popularity/shelf", "/db/docker", "/db/popularity/docker",
         "/db/activity/docker", "/api/v1/topics/lab/repositories?per_page=100", "/test"]


class Aborters:
    """Threads that ask for something large and go away: at once, after the head, or in the middle, with a reset or without."""

    def __init__(self, port, seed):
        self.port, self.count = port, 0
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
            target = rng.choice(PATHS[:8])
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            for _ in range(rng.choice((0, 1, 1, 3))):
                if not connection.recv(rng.choice((1, 500, 4000))):
                    return


@pytest.mark.parametrize("way", ["replica", "proxy"])
def test_every_byte_belongs_to_what_was_asked_while_others_abort(small_service, way):
    port = small_service.port if way == "proxy" else small_service.ports("a")[0]
    wanted = {path: small_service.ask("a", path).body for path in PATHS}
    assert len(set(wanted.values())) == len(PATHS) and all(wanted.values())
    pids = small_service.pids()
    until = time.monotonic() + SECONDS
    with Aborters(port, seed=1) as aborters, Load(port, PATHS, exactly(wanted), threads=3) as load:
        while time.monotonic() < until and not load.failures:
            time.sleep(0.05)
    assert not load.failures, load.failures[:5]
    assert load.count > 300 and aborters.count > 100, (load.count, aborters.count)
    assert small_service.pids() == pids
