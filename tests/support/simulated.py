"""The simulated GitHub as a process of the test's own, with the options that a test needs.

    with SimulatedGitHub("--topic", "lab=250", "--token", "secret") as github:
        github.mutate({"op": "rename", "repository": "a/b", "name": "c"})
        github.truth("lab")          # the rows that everything collected is compared with

simgithub/README.md describes the rules, operations and rows.
"""

import json
import pathlib
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

from stack import free_port, request, wait_until

SUPPORT = pathlib.Path(__file__).resolve().parent


class SimulatedGitHub:
    """Time stands still, nothing is limited and there are no events unless an option or a call says otherwise."""

    def __init__(self, *options):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.options = ["--time-scale", "0", "--no-limits", "--quiet", "--events-per-second", "0", "--outside", "0", *options]
        self.process = None
        self.output = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "simgithub", "--port", str(self.port), *self.options], cwd=SUPPORT,
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        wait_until(self._answers, what="the simulated GitHub")
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None
            self.output.close()

    def _answers(self):
        if self.process.poll() is not None:
            self.output.seek(0)
            raise AssertionError(self.output.read().decode())
        try:
            return request(self.url + "/_sim/health").status == 200
        except OSError:
            return False

    # --- the control API ----------------------------------------------------------------------------------------------

    def control(self, method, path, body=None):
        answer = request(f"{self.url}/_sim/{path}", method, body=body)
        assert answer.status == 200, answer.text
        return answer.json()

    def truth(self, topic):
        """The topic's repositories, most stars first."""
        return self.control("GET", f"truth?topic={topic}")["repositories"]

    def repository(self, reference):
        return self.control("GET", f"truth?repository={urllib.parse.quote(str(reference))}")

    def mutate(self, *operations):
        return self.control("POST", "mutate", list(operations))["results"]

    def advance(self, seconds):
        """Lets simulated time pass at once; returns the time."""
        return self.control("POST", "advance", {"seconds": seconds})["now"]

    def add_events(self, repository, kind, action=None, **values):
        """Events by hand: count, created_at, spread_seconds, delay_seconds, actor, id."""
        return self.control("POST", "events", {"repository": repository, "type": kind, "action": action, **values})["events"]

    def event_counts(self, **params):
        """What became visible; since, until, repository."""
        return self.control("GET", "events/truth?" + urllib.parse.urlencode(params))

    def event_truth(self, **params):
        """Each event that became visible: id, type, action, created_at, repository_id, visible_at; read as it comes."""
        url = f"{self.url}/_sim/events/truth.ndjson?" + urllib.parse.urlencode(params)
        with urllib.request.urlopen(url, timeout=300) as answer:
            for line in answer:
                yield json.loads(line)

    def faults(self, *rules):
        """These rules and no others; none lifts all."""
        self.control("POST", "faults", list(rules))

    def limits(self, **changes):
        self.control("POST", "limits", changes)

    def requests(self, path="/search", since=0):
        return self.control("GET", f"requests?path={path}&since={since}")["requests"]

    def count(self):
        """How many requests there were so far: requests(since=count()) are those that follow."""
        return self.control("GET", "requests?limit=0")["count"]

    def active_max(self):
        return self.control("GET", "requests?limit=0")["active_max"]


def searches_of(entries, topic):
    """(q, page) of the log's searches of one topic."""
    found = [(entry["params"].get("q", ""), entry["params"].get("page", "1")) for entry in entries]
    return [one for one in found if f"topic:{topic}" in one[0].split()]


def wait_for_search(github, since, timeout=10.0):
    """Waits until GitHub was asked something after the request number `since`."""
    return wait_until(lambda: github.requests(since=since), timeout, interval=0.01, what="a search at the simulated GitHub")


def body_of(text):
    """The search answer of a recorded file: the body alone, or within {request, status, headers, body}."""
    value = json.loads(text)
    body = value["body"] if "body" in value and "items" not in value else value
    return json.loads(body) if isinstance(body, str) else body


def pause_until(moment):
    """Waits for a time of the wall clock (epoch seconds) that GitHub named."""
    time.sleep(max(0.0, moment - time.time()))
