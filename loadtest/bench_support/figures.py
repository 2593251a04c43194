"""Measured values: percentiles, ratios, the search for a rate, what is wanted of each figure, and the table."""

import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class Target:
    """What is wanted of a figure; `relation` is one of >=, <= and <."""

    relation: str
    value: float

    def holds(self, measured):
        return {">=": measured >= self.value, "<=": measured <= self.value, "<": measured < self.value}[self.relation]

    def __str__(self):
        return f"{self.relation} {self.value:,g}"


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    meaning: str
    target: Target | None = None


RATE = 1500  # requests a second at which latencies are compared

# Of each part of the benchmark, in the order of the table. A figure of several endpoints is a dict; the worst one counts.
FIGURES = {
    "reads": (
        Figure("l0_vs_static", "a list from the proxy's cache / nginx with a file", Target(">=", 0.95)),
        Figure("l0_small_vs_static", "a short answer from the proxy's cache / a file", Target(">=", 0.65)),
        Figure("l0_gzip_vs_static_gzip", "the list as gzip / a file with gzip_static", Target(">=", 0.95)),
        Figure("l1_vs_proxy_floor", "from a replica's near-cache / nginx -> nginx", Target(">=", 0.95)),
        Figure("l2_vs_proxy_floor", "from Redis / nginx -> nginx", Target(">=", 0.75)),
        Figure("vs_python", "the list / Flask, gunicorn, Redis", Target(">=", 80)),
        Figure("vs_go", "the list / net/http, Redis", Target(">=", 4.5)),
        Figure(f"p50_ms_at_{RATE}rps", f"at {RATE} requests a second"),
        Figure(f"p99_ms_at_{RATE}rps", f"at {RATE} requests a second", Target("<", 3)),
        Figure("max_rps_p99_under_10ms", "the highest rate kept with a p99 under 10 ms"),
        Figure("replica_rss_mib", "the larger replica after many different requests", Target("<", 48)),
        Figure("replica_cpu_us_per_request", "a replica's processor time, from its near-cache"),
        Figure("ready_seconds", "from a replica's start to its readiness", Target("<", 1)),
    ),
    "refresh": (
        Figure("refresh_seconds_100_topics", "hot answers of 100 topics of 1,000 repositories", Target("<", 5)),
    ),
    "events": (
        Figure("import_vs_bulk_floor", "import / the same rows into a bare table", Target(">=", 0.7)),
        Figure("import_events_per_s", "a made-up archive", Target(">=", 100_000)),
        Figure("import_rss_mib", "the import's process at most", Target("<", 200)),
        Figure("cold_growth_10m_vs_1m", "nothing cached: the worst endpoint's growth", Target("<=", 1.2)),
        Figure("cold_p99_ms_10m", "nothing cached: the worst endpoint's p99", Target("<", 10)),
    ),
}


def percentile(values, share):
    """The smallest value that at least this share of the values does not exceed (nearest rank)."""
    if not values or not 0 < share <= 1:
        raise ValueError(f"the {share} share of {len(values)} values")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def median_ratio(above, below):
    """The median of ratios of what was measured in the same round: a machine that is slower for some rounds moves both."""
    if not above or len(above) != len(below):
        raise ValueError(f"{len(above)} values beside {len(below)}")
    return statistics.median(a / b for a, b in zip(above, below))


def highest_rate(holds, first, growth=1.5, growths_max=12, bisections=3):
    """The highest rate found at which holds(rate); 0 when there is none. Steps up until one does not hold, then halves what is between."""
    low, high = 0, first
    for _ in range(growths_max):
        if not holds(high):
            break
        low, high = high, round(high * growth)
    else:
        return low
    for _ in range(bisections):
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def worst(value):
    """(value, name of it) of a figure; the name is empty where there is only one."""
    if isinstance(value, dict):
        name = max(value, key=value.get)
        return value[name], name
    return value, ""


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def broken_figures(result, parts):
    """Keys of these parts that are missing, or are no numbers above zero: measurements that went wrong."""
    def is_whole(value):
        values = value.values() if isinstance(value, dict) else [value]
        return bool(values) and all(is_number(one) and one > 0 for one in values)
    return [figure.key for part in parts for figure in FIGURES[part] if not is_whole(result.get(figure.key))]


def missed_targets(result, parts):
    return [figure.key for part in parts for figure in FIGURES[part]
            if figure.target and not figure.target.holds(worst(result[figure.key])[0])]


def decimals(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 0.1 else f"{value:,.3f}"


def table(result, parts):
    """Lines: figure, value, target, whether it holds, what it is."""
    lines = []
    for figure in (figure for part in parts for figure in FIGURES[part]):
        value, name = worst(result[figure.key])
        mark = "" if figure.target is None else "ok" if figure.target.holds(value) else "MISSED"
        meaning = f"{figure.meaning}: {name}" if name else figure.meaning
        lines.append(f"  {figure.key:28} {decimals(value):>12}  {str(figure.target or ''):10}  {mark:6}  {meaning}")
    return lines


def cold_rows(small, large):
    """Endpoint -> medians at both sizes, growth, p99 at the larger, from milliseconds by endpoint."""
    rows = {}
    for name in large:
        if small.get(name) and large[name]:
            before, after = statistics.median(small[name]), statistics.median(large[name])
            rows[name] = {"median_small_ms": round(before, 2), "median_large_ms": round(after, 2), "growth": round(after / before, 2),
                          "p99_large_ms": round(percentile(large[name], 0.99), 2), "requests": len(large[name])}
    return rows


def cold_table(rows, sizes):
    growth_max, p99_max = (target_of(key) for key in ("cold_growth_10m_vs_1m", "cold_p99_ms_10m"))
    small, large = (f"at {size:,}" for size in sizes)
    lines = [f"  {'milliseconds, nothing cached':32} {small:>14} {large:>14} {'growth':>8} {'p99':>8}"]
    for name, row in rows.items():
        missed = not growth_max.holds(row["growth"]) or not p99_max.holds(row["p99_large_ms"])
        lines.append(f"  {name:32} {row['median_small_ms']:>14} {row['median_large_ms']:>14} {row['growth']:>8} {row['p99_large_ms']:>8}"
                     f"{'  MISSED' if missed else ''}")
    return lines


def target_of(key):
    return next(figure.target for figures in FIGURES.values() for figure in figures if figure.key == key)
