"""A stack whose GitHub the test holds in its hands: real servers, two replicas, nginx, and a simulated GitHub of its own.

Cron is stopped once the stack is ready, so that only the test says when something is collected.
"""

import pathlib

from simulated import SimulatedGitHub
from stack import Stack, request, wait_until

DATA = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data" / "github"
TOKEN = "ghp_tokenOfTheTestsThatMustNotLeak1234"
WAIT = 60


class Service(Stack):
    """Started and destroyed with its GitHub. `topics` are tracked from the start."""

    def __init__(self, github, topics, **env):
        settings = {"TOPICS": ",".join(topics), "GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN, **env}
        super().__init__(demo=False, env=settings)
        self.github = github
        self._ports = {}

    def start(self, timeout=180.0):
        super().start(timeout)
        self._ports = {}
        self.stop_part("cron")
        answer = self.maintenance("bootstrap", wait=120)  # joins the one that cron has begun
        assert answer.status == 200, answer.text
        return self

    def ports(self, replica):
        """(api, control); kept, as asking the launcher takes longer than most requests."""
        if not self._ports:
            parts = self.status()["parts"]
            self._ports = {name: (part["port"], part["control_port"]) for name, part in parts.items() if name.startswith("api-")}
        return self._ports[self.api_name(replica)]

    def ask(self, replica, path, method="GET", headers=None, timeout=30.0):
        """A request to one replica, past the proxy and its cache."""
        return request(f"http://127.0.0.1:{self.ports(replica)[0]}{path}", method, headers, timeout=timeout)

    def metrics(self, replica):
        lines = self.ask(replica, "/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def reads(self, replica):
        """How many answers came from where."""
        return {name.split('"')[1]: value for name, value in self.metrics(replica).items() if name.startswith("repopulse_reads_total")}

    def ask_fresh(self, replica, path):
        """The replica's answer; None where one came out of a cache past its freshness meanwhile."""
        def old():
            return sum(count for source, count in self.reads(replica).items() if source.endswith("_stale") or source == "last_resort")
        before = old()
        answer = self.ask(replica, path)
        return answer if old() == before else None

    def control(self, replica, path, method="POST", timeout=130.0):
        """A maintenance request to one replica, past the proxy."""
        headers = {"X-API-Key": self.admin_key}
        return request(f"http://127.0.0.1:{self.ports(replica)[1]}{path}", method, headers, timeout=timeout)

    def make_due(self, *topics):
        """As if their interval was over."""
        names = ",".join(f"'{topic}'" for topic in topics)
        self.sql(f"UPDATE topics SET next_poll_at = '2020-01-01 00:00:00' WHERE name IN ({names})")

    def collect(self, *topics, wait=WAIT):
        """Collects these topics now; the maintenance call's answer."""
        self.make_due(*topics)
        return self.maintenance("collect", wait=wait)

    def collected(self, *topics):
        """The same, and it must succeed. Returns the job."""
        answer = self.collect(*topics)
        assert answer.status == 200, answer.text
        job = answer.json()["data"]
        assert job["state"] == "succeeded", job
        return job

    def job(self, location):
        answer = self.admin("GET", location)
        assert answer.status == 200, answer.text
        return answer.json()["data"]

    def eventually(self, path, condition, replicas=("a", "b"), timeout=5.0):
        """Waits until each replica's answer fulfils the condition: the other one hears of changes a moment later."""
        for replica in replicas:
            wait_until(lambda: condition(self.ask(replica, path)), timeout, interval=0.01, what=f"{path} at {replica}")

    def pids(self):
        """Part -> (process id, how often it was started again)."""
        return {name: (part["pid"], part["restarts"]) for name, part in self.status()["parts"].items()}


def recorded_files():
    """Topic -> recorded search answer; empty where the data is not there."""
    files = {"recorded-2020": DATA / "search-repositories.2020.json", "recorded-2024": DATA / "search-repositories.2024-07.json"}
    return files if all(path.is_file() for path in files.values()) else {}


def with_recordings(*options):
    """A simulated GitHub that also serves the recorded answers where there are any."""
    recorded = [option for topic, path in recorded_files().items() for option in ("--recorded", f"{topic}={path}")]
    return SimulatedGitHub("--token", TOKEN, *options, *recorded)
