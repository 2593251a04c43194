"""An independent recount of archive files: plain Python over the same lines, nothing of the service's code.

    hours = Recount(real_hours())          # ../shared/data/gharchive/2015-01-01-{0,1,3}.json.gz
    hours.counts(type="WatchEvent")        # {("WatchEvent", "started"): 642, ...}
"""

import collections
import dataclasses
import datetime
import gzip
import json
import math
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data" / "gharchive"


def real_hours():
    """The files' paths; empty where the data are not there."""
    return sorted(FOLDER.glob("2015-01-01-*.json.gz"))


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def moment(number):
    return datetime.datetime.fromtimestamp(number, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclasses.dataclass(frozen=True)
class Seen:
    id: str
    type: str
    action: str
    repository: int
    name: str
    actor: int
    login: str
    at: int  # epoch seconds
    raw: dict = dataclasses.field(compare=False, hash=False)


def quantile(values, q):
    """Linear interpolation between the closest ranks, as spreadsheets do (type 7)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def intervals(times):
    """Statistics of the gaps between neighbours; None where there are too few."""
    ordered = sorted(times)
    gaps = [after - before for before, after in zip(ordered, ordered[1:])]
    if not gaps:
        return {"n": len(ordered), "mean": None, "median": None, "p90": None}
    return {"n": len(ordered), "mean": sum(gaps) / len(gaps), "median": quantile(gaps, 0.5), "p90": quantile(gaps, 0.9)}


class Recount:
    """Each event once, by (id, type, created_at)."""

    def __init__(self, paths):
        found = {}
        for path in paths:
            with gzip.open(path, "rt", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    event = json.loads(line)
                    found.setdefault((event["id"], event["type"], event["created_at"]), self._seen(event))
        self.events = sorted(found.values(), key=lambda one: (one.at, int(one.id), one.type))

    @staticmethod
    def _seen(event):
        repo, actor = event.get("repo") or {}, event.get("actor") or {}
        return Seen(event["id"], event["type"], event["payload"].get("action") or "", repo.get("id", 0), repo.get("name", ""),
                    actor.get("id", 0), actor.get("login", ""), seconds(event["created_at"]), event)

    def select(self, type=None, action=None, repository=None, since=None, until=None):
        return [one for one in self.events
                if (type is None or one.type == type) and (action is None or one.action == action)
                and (repository is None or one.repository == repository)
                and (since is None or one.at >= since) and (until is None or one.at < until)]

    def counts(self, **filters):
        """{(type, action): number}"""
        return collections.Counter((one.type, one.action) for one in self.select(**filters))

    def counts_by_type(self, **filters):
        return collections.Counter(one.type for one in self.select(**filters))

    def per_repository(self, type, **filters):
        """{repository id: number of events of the type}"""
        return collections.Counter(one.repository for one in self.select(type=type, **filters))

    def busiest_pairs(self, number):
        """The (repository id, type) with the most events; ties in a fixed order."""
        pairs = collections.Counter((one.repository, one.type) for one in self.events)
        return [pair for pair, _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:number]]

    def intervals(self, **filters):
        return intervals([one.at for one in self.select(**filters)])

    def names(self):
        """{repository id: the name seen last}. Within one second the file's order does not tell; such ties do not occur here."""
        return {one.repository: one.name for one in self.events}

    def holders(self):
        """{lower case name: the repository id seen with it last}"""
        return {one.name.lower(): one.repository for one in self.events}

    def published(self):
        """PublicEvents, the newest first: (repository id, time)."""
        return [(one.repository, one.at) for one in reversed(self.select(type="PublicEvent"))]

    def history(self, repository, bucket_seconds):
        """{(begin of the bucket, type): number}"""
        return collections.Counter((one.at - one.at % bucket_seconds, one.type) for one in self.select(repository=repository))
