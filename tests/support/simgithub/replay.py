"""Hours of GH Archive as the feed: events become visible when they were created."""

import gzip
import json
import tempfile
import threading
from array import array
from bisect import bisect_left, bisect_right

from .eventfeed import FEED_MAX, REPOSITORY_SECONDS
from .eventsource import Fact
from .model import PUBLIC, Owner, Repository, parse_rfc3339

REPOSITORIES_MAX = 50_000
LINE_MAX = 16 * 1024 * 1024


class Replay:
    """A source of events like eventsource.Source; entries are positions in the order of created_at.

    The lines lie in a temporary file; what is kept of each is where it is, when it was and whose.
    """

    full = True

    def __init__(self, world, files):
        self._file, self._lock = tempfile.TemporaryFile(), threading.Lock()
        rows, names = [], {}
        for path in files:
            self._read(path, rows, names)
        rows.sort(key=lambda row: (row[0], row[1]))
        self._moments, self._places = array("q", (row[0] for row in rows)), array("q", (row[1] for row in rows))
        self._of_repository = {}
        for number, row in enumerate(rows):
            self._of_repository.setdefault(row[2], array("q")).append(number)
        _make_repositories(world, names)

    def _read(self, path, rows, names):
        with gzip.open(path, "rb") as file:
            while line := file.readline(LINE_MAX):
                event = json.loads(line)
                repo, created = event["repo"], parse_rfc3339(event["created_at"])
                rows.append((created, self._file.tell(), repo["id"]))
                known = names.get(repo["id"])
                if known is None or known[0] <= created:
                    names[repo["id"]] = (created, repo["name"], {*(known[2] if known else ()), repo["name"]})
                self._file.write(line if line.endswith(b"\n") else line + b"\n")

    def newest(self, now, repo=None):
        numbers = range(len(self._moments)) if repo is None else self._of_repository.get(repo.id, ())
        end = bisect_right(numbers, now, key=self._moments.__getitem__)
        first = bisect_left(numbers, now - REPOSITORY_SECONDS, key=self._moments.__getitem__)
        return list(numbers[max(first, end - FEED_MAX):end])[::-1]

    def shown(self, entry):
        return True

    def mark(self, entry):
        return str(entry)

    def text(self, entry):
        with self._lock:
            self._file.seek(self._places[entry])
            return self._file.readline().decode().rstrip("\n")

    def created(self, entry):
        return self._moments[entry]

    def facts(self, since, until, repo=None):
        for entry in self.entries_between(since, until, repo):
            event = json.loads(self.text(entry))
            created = self._moments[entry]
            yield Fact(event["id"], event["type"], event["payload"].get("action"), created, event["repo"]["id"], created,
                       0, 0)

    def entries_between(self, since, until, repo=None):
        numbers = range(len(self._moments)) if repo is None else self._of_repository.get(repo.id, ())
        return list(numbers[bisect_left(numbers, since, key=self._moments.__getitem__):
                            bisect_left(numbers, until, key=self._moments.__getitem__)])


def _make_repositories(world, names):
    """Details for what the files name: the last name is the repository's, former ones redirect."""
    for number, (_, full_name, all_names) in list(names.items())[:REPOSITORIES_MAX]:
        login, slash, name = full_name.partition("/")
        if not slash or number in world.repositories:
            continue
        world.add(Repository(
            id=number, owner=Owner(number % 90_000_000 + 1, login, "User"), name=name, fork=False,
            created_at=world.start - 86400, updated_at=world.start, pushed_at=world.start, size=1, stargazers_count=0,
            forks_count=0, open_issues_count=0, subscribers_count=0, archived=False, disabled=False, topics=[],
            default_branch="master", has_issues=True, has_wiki=True, has_pages=False, has_discussions=False,
            is_template=False, status=PUBLIC, tie=number))
        for former in all_names - {full_name}:
            if former.lower() not in world.by_name:
                world.redirects[former.lower()] = number
