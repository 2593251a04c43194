"""How fast reads are: rates beside what nginx and two other services do in the same rounds, latencies, and what replicas use."""

import contextlib
import dataclasses
import gzip
import json
import os
import pathlib
import statistics
import tempfile

import redis

from proxy import Proxy
from stack import Stack, request

from . import baselines, replicas
from .figures import RATE, highest_rate, median_ratio
from .load import fixed_rate, is_kept, wrk
from .processes import Broken, processor_seconds, resident_mib

LIST, SHORT = "/api/popularity/kubernetes", "/api/v1/events/published"
# The lists of these are as long as the first one's: 500 repositories.
TOPICS = ["kubernetes", *(f"bench-{number}" for number in range(1, 8))]
P99_MS_MAX = 10


@dataclasses.dataclass(frozen=True)
class Contestant:
    port: int
    target: str = LIST
    gzip: bool = False
    targets_file: pathlib.Path | None = None


def changed(old, new, times=1):
    def change(conf):
        if conf.count(old) != times:
            raise Broken(f"the proxy's configuration has {old!r} not {times} times any more")
        return conf.replace(old, new)
    return change


without_cache = changed("proxy_cache api;", "proxy_cache off;", times=2)  # of paths, and of what has a query


def static_files(folder):
    """The same server, but these answers are files. gzip_static costs nothing where gzip is not asked for."""
    locations = "".join(f'location = {target} {{ default_type application/json; gzip_static on; alias "{folder}/{name}"; }}\n        '
                        for target, name in ((LIST, "list.json"), (SHORT, "short.json")))
    return changed("location = /livez ", locations + "location = /livez ")


@contextlib.contextmanager
def world():
    """A stack whose simulated GitHub stands still, with all topics collected and cron stopped."""
    options = "--no-limits --quiet --time-scale 0 --events-per-second 0 --outside 0"
    options += "".join(f" --topic {topic}={2400 if number == 0 else 600}" for number, topic in enumerate(TOPICS))
    settings = {"CLIENT_RATE_LIMIT": "0", "TOPICS": ",".join(TOPICS), "FIREHOSE": "off", "TRACK_TOP": "0"}
    with Stack(env=settings, sim_options=options) as stack:
        stack.stop_part("cron")
        answer = stack.maintenance("bootstrap", wait=120)
        if answer.status != 200 or any(stack.get(f"/api/popularity/{topic}").status != 200 for topic in TOPICS):
            raise Broken(f"the stack did not collect its topics: {answer.text[:500]}")
        yield stack


class Reads:
    """Everything that takes part, and the folder with the files they need. Use it as a context."""

    def __init__(self, stack):
        self.stack = stack
        self.replicas = replicas.of_stack(stack)
        self.plain = stack.get(LIST).body
        self.packed = stack.get(LIST, {"Accept-Encoding": "gzip"}).body
        self.short = stack.get(SHORT).body
        self.contestants = {}
        self.own_proxies = []
        self._open = contextlib.ExitStack()
        self.folder = None

    def __enter__(self):
        with self._open as opened:
            self.folder = pathlib.Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="repopulse-bench-")))
            self.folder.chmod(0o755)  # servers started by root read it as another user
            self._write_files()
            self._start(opened)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_):
        self._open.close()

    def _write_files(self):
        files = {"list.json": self.plain, "list.json.gz": self.packed, "short.json": self.short,
                 "lists": "".join(f"/api/popularity/{topic}\n" for topic in TOPICS).encode(), "many": "\n".join(many_targets()).encode()}
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def _start(self, opened):
        def proxy(addresses, change=without_cache):
            self.own_proxies.append(opened.enter_context(Proxy(addresses, change=change)))
            return self.own_proxies[-1].port
        # A near-cache of a MiB keeps nothing that is longer than a sixteenth of it: each request for a list goes to Redis.
        beside = [opened.enter_context(replicas.Replica(self.stack, f"bench-{letter}", NEAR_CACHE_MIB="1")) for letter in "ab"]
        self.far_replicas = replicas.Replicas([one.address for one in beside], [one.pid for one in beside])
        services = opened.enter_context(baselines.running(self.folder, LIST, self.plain))
        static, near, far = proxy(["127.0.0.1:9"], static_files(self.folder)), proxy(self.replicas.addresses), proxy(self.far_replicas.addresses)
        self.contestants = {
            "static": Contestant(static), "l0": Contestant(self.stack.port),
            "floor": Contestant(proxy([f"127.0.0.1:{static}"])), "l1": Contestant(near),
            "l2": Contestant(far, targets_file=self.folder / "lists"),
            "static_gzip": Contestant(static, gzip=True), "l0_gzip": Contestant(self.stack.port, gzip=True),
            "static_small": Contestant(static, SHORT), "l0_small": Contestant(self.stack.port, SHORT),
            "go": Contestant(proxy([f"127.0.0.1:{services['go']}"])), "python": Contestant(proxy([f"127.0.0.1:{services['python']}"])),
        }

    def check_answers(self):
        """All give the same answer, the Python service in its own words."""
        for name, one in self.contestants.items():
            answer = self.ask(one)
            body = gzip.decompress(answer.body) if one.gzip and answer.headers.get("content-encoding") == "gzip" else answer.body
            wanted = self.short if one.target == SHORT else self.plain
            same = json.loads(body) == json.loads(wanted) if name == "python" else body == wanted
            if answer.status != 200 or not same or one.gzip and len(answer.body) != len(self.packed):
                raise Broken(f"{name} does not answer {one.target} as the others do: {answer.status}, {len(answer.body)} bytes")

    def run(self, name, seconds):
        """One contestant's wrk run, and that the answers came from where they should."""
        one = self.contestants[name]
        watched = self.far_replicas if name == "l2" else self.replicas
        database = redis.Redis(unix_socket_path=str(self.stack.redis_socket))
        gets, before = database.info("commandstats").get("cmdstat_mget", {}).get("calls", 0), watched.reads()
        try:
            load = wrk(one.port, one.target, seconds, one.gzip, one.targets_file)
        except Broken as error:
            raise Broken(f"{name}: {error}") from error
        after = watched.reads()
        gets = database.info("commandstats")["cmdstat_mget"]["calls"] - gets
        came = {source: (after[source] - before[source]) / load.requests for source in after}
        if name.startswith("l0") and came["all"] > 0.01:
            raise Broken(f"{name}: of the answers {came['all']:.1%} came from the replicas and not from the proxy's cache")
        if name == "l1" and sum(came[source] for source in replicas.NEAR) < 0.99:
            raise Broken(f"l1: not all came from the near-cache: {came}")
        if name == "l2" and (sum(came[source] for source in replicas.SHARED) < 0.99 or gets / load.requests < 0.85):
            raise Broken(f"l2: not all came from Redis, which was asked {gets} times in {load.requests} requests: {came}")
        self.ask(one)  # comes behind what wrk has left unanswered, so that the next run begins on a quiet machine
        for proxy in self.own_proxies:  # of no use, and large
            os.truncate(proxy.access_log, 0)
        return load

    @staticmethod
    def ask(one):
        return request(f"http://127.0.0.1:{one.port}{one.target}", headers={"Accept-Encoding": "gzip"} if one.gzip else None)


def many_targets():
    """Lists of all kinds: together more than a near-cache holds."""
    own = [f"/api/{kind}{topic}" for topic in TOPICS for kind in ("", "popularity/", "activity/")]
    return own + [f"/api/v1/topics/{topic}/repositories?sort={sort}&per_page=100&min_stars={stars}"
                  for topic in TOPICS for sort in ("popularity", "activity", "newest", "updated") for stars in range(0, 40)]


def rates(reads, rounds, seconds):
    """Contestant -> requests a second of each round, and the replicas' processor time for each request of the l1 runs."""
    found, processor = {name: [] for name in reads.contestants}, []
    for number in range(rounds):
        # There and back: whatever a run leaves to the next one is not always left to the same.
        for name in list(found) if number % 2 == 0 else reversed(found):
            used = sum(map(processor_seconds, reads.replicas.pids))
            load = reads.run(name, seconds)
            found[name].append(load.per_second)
            if name == "l1":
                processor.append(1e6 * (sum(map(processor_seconds, reads.replicas.pids)) - used) / load.requests)
    return found, processor


def highest_kept_rate(port, seconds, **search):
    """(rate, all tries). A rate gets a second try, since one hiccup of the machine would end the search; see highest_rate."""
    tries = []

    def holds(rate):
        for _ in range(2):
            found = fixed_rate(port, LIST, rate, seconds)
            tries.append({"rate": rate, "kept": is_kept(found, rate), "p99_ms": found["p99_ms"]})
            if is_kept(found, rate) and found["p99_ms"] < P99_MS_MAX:
                return True
        return False
    return highest_rate(holds, 2 * RATE, **search), tries


def resident_after(reads, requests_each, seconds):
    """The larger replica's memory once each has answered so many requests for many different answers."""
    answered = lambda: min(replicas.Replicas([address], []).reads()["all"] for address in reads.replicas.addresses)  # noqa: E731
    port, runs_max = reads.contestants["l1"].port, 60
    for _ in range(runs_max):
        if answered() >= requests_each:
            return max(map(resident_mib, reads.replicas.pids)), answered()
        wrk(port, LIST, seconds, targets_file=reads.folder / "many")
    raise Broken(f"the replicas have answered {answered()} requests in {runs_max * seconds} s, not {requests_each}")


def at_fixed_rate(port, rate, seconds):
    found = fixed_rate(port, LIST, rate, seconds)
    if not is_kept(found, rate):
        raise Broken(f"{rate} requests a second were not kept: {found}")
    return found


def measure(quick):
    rounds, seconds = (5, 1) if quick else (5, 5)
    with world() as stack, Reads(stack) as reads:
        reads.check_answers()
        by_name, processor = rates(reads, rounds, seconds)
        l0, l1 = (at_fixed_rate(reads.contestants[name].port, RATE, 2 if quick else 15) for name in ("l0", "l1"))
        highest, tries = highest_kept_rate(stack.port, **({"seconds": 1, "growth": 2, "bisections": 2} if quick else {"seconds": 4}))
        resident_before = max(map(resident_mib, reads.replicas.pids))
        resident, answered = resident_after(reads, 100_000 if quick else 1_000_000, 2 if quick else 10)
        starts = replicas.ready_seconds(stack, 5)
    return {
        "l0_vs_static": median_ratio(by_name["l0"], by_name["static"]),
        "l0_small_vs_static": median_ratio(by_name["l0_small"], by_name["static_small"]),
        "l0_gzip_vs_static_gzip": median_ratio(by_name["l0_gzip"], by_name["static_gzip"]),
        "l1_vs_proxy_floor": median_ratio(by_name["l1"], by_name["floor"]),
        "l2_vs_proxy_floor": median_ratio(by_name["l2"], by_name["floor"]),
        "vs_python": median_ratio(by_name["l0"], by_name["python"]),
        "vs_go": median_ratio(by_name["l0"], by_name["go"]),
        f"p50_ms_at_{RATE}rps": l0["p50_ms"], f"p99_ms_at_{RATE}rps": l0["p99_ms"],
        f"p50_ms_at_{RATE}rps_l1": l1["p50_ms"], f"p99_ms_at_{RATE}rps_l1": l1["p99_ms"],
        "max_rps_p99_under_10ms": highest, "replica_rss_mib": resident,
        "replica_cpu_us_per_request": statistics.median(processor), "ready_seconds": statistics.median(starts),
        "reads": {
            "list": LIST, "list_bytes": len(reads.plain), "list_gzip_bytes": len(reads.packed), "short": SHORT, "short_bytes": len(reads.short),
            "rounds": rounds, "seconds_a_run": seconds, "all_runs": by_name,
            "requests_per_second": {name: round(statistics.median(runs)) for name, runs in by_name.items()}, "fixed_rate_l0": l0, "fixed_rate_l1": l1, "highest_rate_tries": tries,
            "replica_rss_after_requests": answered, "replica_rss_mib_one_answer": resident_before, "replica_starts_seconds": starts,
        },
    }
