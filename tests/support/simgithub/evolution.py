"""How the world changes by itself: one stream of random events for each topic.

A stream depends on the seed, the topic and its own past only, never on how often or in how
large steps it is moved on: after the same simulated time the world is the same.
"""

import heapq
from bisect import bisect
from itertools import accumulate

from .model import FORBIDDEN, GONE, LEGAL
from .population import random_for

DAY = 86400
CHANGES_PER_REPOSITORY_AND_DAY = 0.8

# (method, weight). The rare ones at the end change who is in the topic or what it is called.
CHANGES = (
    ("star", 500), ("push", 300), ("issue", 90), ("fork", 60), ("unstar", 30), ("edit", 12),
    ("create", 4), ("rename", 2.0), ("join", 1.5), ("leave", 1.5), ("archive", 1.2),
    ("transfer", 1.0), ("delete", 1.2), ("take_over", 0.8), ("block", 0.3))


class Stream:
    def __init__(self, world, topic):
        self.world, self.topic = world, topic
        self.maker = world.makers[topic]
        self.rng = random_for(world.seed, "evolution", topic)
        self.names = [name for name, _ in CHANGES]
        self.weights = list(accumulate(weight for _, weight in CHANGES))
        self.rate = len(world.topics[topic]) * CHANGES_PER_REPOSITORY_AND_DAY / DAY
        self._members, self._popularity, self._seen, self._picks = [], [], -1, 0
        self.next_at = world.start + self._gap()

    def step(self):
        """Makes the change that is due at next_at; returns its name."""
        now = self.world.now = self.next_at
        name = self.names[bisect(self.weights, self.rng.random() * self.weights[-1])]
        repo = self._pick()
        if repo is None:
            name = "create"
        getattr(self, "_" + name)(repo, int(now))
        self.next_at = now + self._gap()
        return name

    def _gap(self):
        return self.rng.expovariate(self.rate)

    def _pick(self):
        """A member, popular ones more often."""
        version = self.world.members_versions.get(self.topic, 0)
        if self._seen != version or self._picks > 400:
            self._members = self.world.members(self.topic)
            self._popularity = list(accumulate(
                (repo.stargazers_count + 3) ** 0.7 for repo in self._members))
            self._seen, self._picks = version, 0
        if not self._members:
            return None
        self._picks += 1
        return self._members[bisect(self._popularity, self.rng.random() * self._popularity[-1])]

    def _any(self):
        """A member, each as likely."""
        return self.rng.choice(self._members)

    def _star(self, repo, now):
        repo.stargazers_count += 1 + int(self.rng.expovariate(1) * repo.stargazers_count / 20_000)
        self.world.touch(repo, now)

    def _unstar(self, repo, now):
        repo.stargazers_count = max(0, repo.stargazers_count - 1)
        self.world.touch(repo, now)

    def _push(self, repo, now):
        if not repo.archived:
            repo.pushed_at = now
            repo.size += self.rng.randint(0, 9)
            self.world.touch(repo, now)

    def _issue(self, repo, now):
        if not repo.archived:
            change = self.rng.choice((1, 1, -1))
            repo.open_issues_count = max(0, repo.open_issues_count + change)
            self.world.touch(repo, now)

    def _fork(self, repo, now):
        repo.forks_count += 1
        self.world.touch(repo, now)

    def _edit(self, _, now):
        repo = self._any()
        repo.description = self.maker.description()
        self.world.touch(repo, now)

    def _create(self, _, now):
        self.world.add(self.maker.repository(int(self.rng.expovariate(0.5)), now, now))

    def _rename(self, _, now):
        repo = self._any()
        self._move(repo, f"{repo.owner.login}/{repo.name}-{self.rng.choice(('ng', 'v2', 'next'))}",
                   now)

    def _transfer(self, _, now):
        repo = self._any()
        self._move(repo, f"{self.rng.choice(self.maker.owners).login}/{repo.name}", now)

    def _move(self, repo, full_name, now):
        if full_name.lower() not in self.world.by_name and len(full_name) < 90:
            self.world.move(repo, full_name)
            self.world.touch(repo, now)

    def _join(self, _, now):
        """A repository of another topic, or one that existed long before, gets the topic."""
        others = [name for name in self.world.shared if name != self.topic]
        if self.topic in self.world.shared and others and self.rng.random() < 0.5:
            members = self.world.members(self.rng.choice(others))
            if members:
                self.world.join(self.rng.choice(members), self.topic, now)
                return
        maker = self.maker
        self.world.add(maker.repository(int(self.rng.expovariate(0.05)),
                                        maker.old_creation(now), now))

    def _leave(self, _, now):
        self.world.leave(self._any(), self.topic, now)

    def _archive(self, _, now):
        repo = self._any()
        repo.archived = not repo.archived
        self.world.touch(repo, now)

    def _delete(self, _, now):
        self.world.delete(self._any(), now)

    def _block(self, _, now):
        self.world.set_status(self._any(), self.rng.choice((GONE, FORBIDDEN, LEGAL)), now)

    def _take_over(self, _, now):
        """A repository is moved away and a new one takes its name at once."""
        repo = self._any()
        owner, name = repo.owner, repo.name
        self._move(repo, f"{owner.login}/{name}-legacy", now)
        if repo.name != name:
            self.world.add(self.maker.repository(int(self.rng.expovariate(0.5)), now, now,
                                                 owner, name))


class Evolution:
    """Moves all streams of a world on, in the order of time."""

    def __init__(self, world):
        self.world = world
        self._due = []
        for topic in world.shared:
            self.follow(topic)

    def follow(self, topic):
        if self.world.topics.get(topic) and topic in self.world.makers:
            stream = Stream(self.world, topic)
            heapq.heappush(self._due, (stream.next_at, topic, stream))

    def run_until(self, now):
        """Makes all changes due by `now`; returns how many of each name there were."""
        done = {}
        while self._due and self._due[0][0] <= now:
            _, topic, stream = self._due[0]
            name = stream.step()
            done[name] = done.get(name, 0) + 1
            heapq.heapreplace(self._due, (stream.next_at, topic, stream))
        return done
