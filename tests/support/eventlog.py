"""What is stored of events, and what the simulated GitHub knows to be true of them: for tests that compare the two."""

import json
import subprocess
import urllib.request

STORED = """
  SELECT e.id, w.word, DATE_FORMAT(e.created_at, '%Y-%m-%dT%H:%i:%sZ')
  FROM events e JOIN event_words w ON w.id = e.type_id{where}"""


def stored(stack, repository=None):
    """The identities of all stored events, as (id, type, created_at). A list: what is there twice shows."""
    where = f" WHERE e.repository_id = {int(repository)}" if repository is not None else ""
    return [(number, kind, at) for number, kind, at in stack.sql(STORED.format(where=where))]


def truth(github, **params):
    """The simulated GitHub's events of a time, oldest first, as it tells them (see simgithub/README.md)."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    with urllib.request.urlopen(f"{github.url}/_sim/events/truth.ndjson?{query}", timeout=120) as lines:
        return [json.loads(line) for line in lines]


def identity(row):
    return row["id"], row["type"], row["created_at"]


def verify(stack):
    """`repopulse verify` against the stack's database; its report."""
    done = subprocess.run(["/usr/bin/python3", "stack/repopulse-stack", "verify", "--json"], cwd=stack_folder(),
                          env=stack.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def assert_agrees(stack):
    report = verify(stack)
    assert report["differences"] == 0, report
    return report


def stack_folder():
    from stack import PROJECT
    return PROJECT
