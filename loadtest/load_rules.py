"""When a load test may run and when it has passed. Pure but for asking this machine for its own addresses."""

import dataclasses
import socket
import urllib.parse

PERCENTILES = {"P50_MS": 0.50, "P95_MS": 0.95, "P99_MS": 0.99}
DEFAULT_LIMITS_MS = {"P50_MS": 30.0, "P95_MS": 100.0, "P99_MS": 250.0}
TRUE = ("1", "yes", "true")


class RuleError(Exception):
    """A setting that cannot be used; the text names it and what is allowed."""


def limits(environment):
    """The percentile limits in milliseconds: settings P50_MS, P95_MS and P99_MS, or the defaults."""
    found = {}
    for name, default in DEFAULT_LIMITS_MS.items():
        text = environment.get(name) or str(default)
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = -1.0
        if not 0 < found[name] < 600_000:
            raise RuleError(f"{name}={text}: a number of milliseconds above 0 is wanted")
    return found


def is_of_this_machine(name):
    """Whether all addresses of a host's name are this machine's own: only those can be bound."""
    try:
        found = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(_can_bind(family, address) for family, _, _, _, address in found)


def _can_bind(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address[0], 0, *address[2:]))
        except OSError:
            return False
    return True


def check_host(url, environment):
    """The host to load, without a slash at its end; RuleError where it is no http address or not this machine's."""
    parts = urllib.parse.urlsplit(url or "")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise RuleError(f"HOST={url}: an address as http://127.0.0.1:8081 is wanted")
    if environment.get("ALLOW_REMOTE", "").lower() not in TRUE and not is_of_this_machine(parts.hostname):
        raise RuleError(f"HOST={url} is not this machine, and a load test is an attack on somebody else's."
                        " Where it is yours to load, say ALLOW_REMOTE=1.")
    return url.rstrip("/")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run came to. `problems` is empty when it passed."""

    answers: int
    failures: int
    percentiles_ms: dict
    problems: tuple


def merged(histograms):
    """One {milliseconds: answers} of many."""
    total = {}
    for histogram in histograms:
        for time, count in histogram.items():
            total[time] = total.get(time, 0) + count
    return total


def percentile(histogram, share):
    """The least time within which `share` of the answers came."""
    wanted = share * sum(histogram.values())
    seen = 0
    for time in sorted(histogram):
        seen += histogram[time]
        if seen >= wanted:
            return time
    return 0


def judge(histogram, failures, limits_ms):
    """`histogram` holds the times of all reads, those that failed too; `failures` counts everything that failed."""
    times = {name: percentile(histogram, share) for name, share in PERCENTILES.items()}
    answers = sum(histogram.values())
    problems = []
    if not answers:
        problems.append("nothing was answered")
    if failures:
        problems.append(f"{failures} failures")
    for name, time in times.items():
        if answers and time > limits_ms[name]:
            problems.append(f"{name.lower().removesuffix('_ms')} is {time:g} ms, over {name}={limits_ms[name]:g}")
    return Outcome(answers, failures, times, tuple(problems))
