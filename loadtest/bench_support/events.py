"""Events: what importing costs, and whether answers about them cost the same however many are stored."""

import contextlib
import itertools
import pathlib
import subprocess
import tempfile
import time

from stack import Stack

from . import cold, imports
from .figures import cold_rows
from .load import tool
from .processes import Broken

PRUNE_SECONDS_MAX = 120
END, DAYS = "2026-11-01T00:00:00Z", 90


def generate(folder, events, number):
    done = subprocess.run([tool("event_generator"), folder, str(events), str(DAYS), END, str(cold.REPOSITORIES), str(number)],
                          capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Broken(f"event_generator: {done.stderr}")
    return folder


@contextlib.contextmanager
def archives(sizes):
    """Folders of archives that together hold as many events as each size says, one after the other."""
    with tempfile.TemporaryDirectory(prefix="repopulse-bench-") as folder:
        pathlib.Path(folder).chmod(0o755)  # the stack's servers read it as another user
        steps = enumerate(itertools.pairwise([0, *sizes]), start=1)
        yield [generate(pathlib.Path(folder) / str(number), size - before, number) for number, (before, size) in steps]


def prune(stack):
    """What cron does each night, for which nobody waits here: the counts of past days are put together. Seconds, and what the job counted."""
    began = time.monotonic()
    answer = stack.maintenance("prune", wait=PRUNE_SECONDS_MAX)
    job = answer.json()["data"] if answer.status == 200 else None
    if not job or job["state"] != "succeeded":
        raise Broken(f"the night's work: {answer.status} {answer.text[:500]}")
    return {"seconds": round(time.monotonic() - began, 1), **job["counts"]}


def measure(quick):
    sizes, requests, rounds = ((50_000, 500_000), 25, 1) if quick else ((1_000_000, 10_000_000), 200, 5)
    # The import that is compared with the floor. One of 50,000 is over before it has found its pace.
    compared = sizes[1] if quick else sizes[0]
    taken, prunings, answered = {}, {}, {}
    with archives(sizes) as folders:
        runs = [] if quick else imports.from_nothing(rounds - 1, END, folders[0])
        with Stack(demo=False, env={**imports.NO_GITHUB, "REPLAY_NOW": END}) as stack:
            stack.stop_part("cron")
            for size, folder in zip(sizes, folders):
                taken[size] = imports.run_import(stack, folder, with_floor=size == compared)
                prunings[size] = prune(stack)
                answered[size] = cold.measure(stack, requests, size // sizes[0])
    runs.append(taken[compared])
    summary = imports.summary(runs)
    rows = cold_rows(answered[sizes[0]], answered[sizes[1]])
    if set(rows) != cold.endpoints():
        raise Broken(f"no answer came from {', '.join(sorted(cold.endpoints() - set(rows)))}")
    return {
        "import_vs_bulk_floor": summary["import_vs_bulk_floor"], "import_events_per_s": summary["events_per_s"],
        "import_rss_mib": round(max(run["rss_mib"] for run in [*runs, *taken.values()])),
        "cold_growth_10m_vs_1m": {name: row["growth"] for name, row in rows.items()},
        "cold_p99_ms_10m": {name: row["p99_large_ms"] for name, row in rows.items()},
        "cold_sizes": sizes, "cold": rows, "cold_requests_each": requests,
        "imports": {"days": DAYS, "repositories": cold.REPOSITORIES, "of_figures": summary, "of_answers": taken, "nights": prunings,
                    "real_hours": imports.real_hours(0 if quick else 5)},
    }
