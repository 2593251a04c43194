"""A service with ten thousand repositories in a topic, floods of things asked for once, and what they leave behind.

Shared by the test of the bounds (tests/fault/test_growth.py) and the measurement of the speed (loadtest/growth).
"""

import json
import os
import pathlib
import subprocess

from service import TOKEN, Service
from simulated import SimulatedGitHub

PROJECT = pathlib.Path(__file__).resolve().parents[2]
FLOOD = PROJECT / "build" / "release" / "flood"
MIB = 1 << 20
REPOSITORIES = 10_000
# Where floods come from: another client than the rest, as nginx tells clients apart by address.
FLOODER = "127.0.0.2"

# Each is another answer to the service: a key of its own in every cache.
DISTINCT = {
    "rankings of 10,000": "/api/v1/topics/growth/repositories?min_stars={}&per_page=100",
    "counts": "/metrics/events-total-count?offset=1{}",
    "numbers": "/pull_requests/{}",
}
# One answer to the service, and another URL to the proxy.
SPELLED = {"spellings": "/api/popularity/hot?x={}"}
BAD = {
    "wrong parameters": "/api/v1/topics/growth/repositories?per_page=1000{}",
    "unknown parameters": "/api/v1/topics/hot?nothing-{}=1",
    "unknown topics": "/api/popularity/nothing-{}",
    "unknown repositories": "/api/v1/repos/nobody/nothing-{}",
    "no such path": "/no/such/{}",
}
# Of 200 requests: as many as make a minute of 50,000 on two cores. A ranking costs the database 22 ms, a count less than one.
MIXED = (f"1*{DISTINCT['rankings of 10,000']}", f"60*{DISTINCT['counts']}", f"20*{DISTINCT['numbers']}", f"39*{SPELLED['spellings']}",
         *(f"16*{template}" for template in BAD.values()))
HOT = ("/api/popularity/hot", "/api/v1/topics/hot", "/api/v1/topics/hot/repositories", "/api/v1/topics/growth", "/api/v1/coverage")


class Growth(Service):
    """The service before which all this is done. Entered with a GitHub of its own."""

    def __init__(self, **env):
        self.own_github = SimulatedGitHub("--token", TOKEN, "--topic", f"growth={REPOSITORIES}", "--topic", "hot=100")
        settings = {"TRACK_TOP": 0, "FIREHOSE": "off", "LOG_LEVEL": "warn", **env}
        super().__init__(self.own_github, ["growth", "hot"], **settings)

    def __enter__(self):
        self.own_github.start()
        try:
            return super().__enter__()
        except BaseException:
            self.own_github.stop()
            raise

    def __exit__(self, *error):
        super().__exit__(*error)
        self.own_github.stop()

    def flood(self, count, templates, first=0, per_second=0, connections=16):
        """Starts one; its outcome is read with outcome()."""
        return subprocess.Popen([FLOOD, FLOODER, "127.0.0.1", str(self.port), str(count), str(connections), str(per_second), str(first),
                                 *templates], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    # --- what is kept ---

    def redis(self):
        """Redis's own numbers, and how many keys there are."""
        def ask(*words):
            return subprocess.run(["redis-cli", "-s", str(self.redis_socket), *words], check=True, capture_output=True, text=True,
                                  timeout=10).stdout
        info = dict(line.split(":", 1) for line in ask("INFO").splitlines() if ":" in line)
        return {"used": int(info["used_memory"]), "bound": int(info["maxmemory"]), "evicted": int(info["evicted_keys"]),
                "keys": int(ask("DBSIZE"))}

    def proxy_files(self):
        """Sizes of the answers that the proxy keeps."""
        sizes = []
        for folder, _, names in os.walk(self.run_dir.resolve() / "data" / "github" / "proxy" / "cache"):
            for name in names:
                try:
                    sizes.append(os.stat(os.path.join(folder, name)).st_size)
                except FileNotFoundError:
                    pass  # nginx removes what has become too old or too much
        return sizes


def outcome(flood, timeout=600):
    """What a flood says when it has ended. Statuses are numbers."""
    text, _ = flood.communicate(timeout=timeout)
    if flood.returncode != 0:
        raise AssertionError(f"the flood ended with {flood.returncode}: {text}")
    told = json.loads(text)
    told["statuses"] = {int(status): count for status, count in told["statuses"].items()}
    return told


def end(flood):
    """Ends one that is no longer needed."""
    if flood.poll() is None:
        flood.terminate()
    flood.communicate(timeout=10)
