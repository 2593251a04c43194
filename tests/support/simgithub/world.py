"""The world: repositories by id and name, topics, redirects. Not locked: see App.lock.

Every change goes through a method here, so that indexes, the version (which keys the caches)
and the list of repositories that left a topic can never disagree with the repositories.
"""

import re

from . import words
from .model import GONE, PUBLIC, Owner, rfc3339
from .population import (COUNT_MAX, ID_BLOCKS, TOPIC_NAME, TopicMaker, count_for, random_for)

FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")
LAZY_TOPICS_MAX = 300
FORMER_MAX = 20_000
OUTSIDE = "web"              # what repositories outside the topics are called after

SETTABLE = {
    "description": (str, type(None)), "homepage": (str, type(None)), "language": (str, type(None)),
    "stargazers_count": int, "forks_count": int, "open_issues_count": int,
    "subscribers_count": int, "size": int, "archived": bool, "disabled": bool, "fork": bool,
    "is_template": bool, "default_branch": str, "has_issues": bool, "has_wiki": bool,
    "has_pages": bool, "has_discussions": bool, "created_at": int, "updated_at": int,
    "pushed_at": (int, type(None)), "license": (tuple, type(None))}


class WorldError(Exception):
    """A change that cannot be made; the text says why."""


class World:
    def __init__(self, seed, start, topics, null_pushed_at=0.0, outside=0):
        """`topics` is a list of (name, count); the world begins at `start`, epoch seconds.

        So many repositories `outside` all topics exist as well.
        """
        self.seed, self.start, self.null_pushed_at = seed, start, null_pushed_at
        self.version = 0
        self.members_versions = {}  # topic -> how often its membership changed
        self.repositories = {}
        self.by_name = {}        # lower case full name -> repository
        self.redirects = {}      # lower case former full name -> id
        self.topics = {}         # name -> {id: repository}, in order of joining
        self.former = {}         # name -> [{id, full_name, reason, at}]
        self.makers = {}
        self.now = None          # of the change being made; None while the world is made
        self.arrivals = []       # (repository, now) of what was added, until somebody takes it
        self.former_names = {}   # id -> [(until, full name)]
        self.shared = [name for name, count in topics if count]
        self._blocks = set()
        for name, count in topics:
            self._make_topic(name, count, share=True)
        self._make_outside(outside)

    # -- reading ---------------------------------------------------------------------------

    def ensure_topic(self, name):
        """Populates a topic nobody configured; True if that happened now."""
        if name in self.topics or not TOPIC_NAME.match(name) or name.startswith("empty"):
            return False
        if len(self.topics) >= LAZY_TOPICS_MAX:
            return False
        if name in words.TAGS:  # on the repositories of other topics: it has these, no more
            self.topics[name] = {repo.id: repo for repo in self.repositories.values()
                                 if name in repo.topics and repo.status == PUBLIC}
        else:
            self._make_topic(name, count_for(self.seed, name), share=False)
        return True

    def maker_for(self, topic):
        """Makes repositories of a topic, also of one that has none yet."""
        if topic not in self.makers:
            self.makers[topic] = TopicMaker(self.seed, topic, self._block(topic), [])
            self.makers[topic].populate(0, self.start)
        return self.makers[topic]

    def members(self, topic):
        """The repositories a search of the topic can find, in a fixed order."""
        return list(self.topics.get(topic, {}).values())

    def find(self, reference):
        """By id or full name, including what is blocked; WorldError if there is none."""
        if isinstance(reference, int) and not isinstance(reference, bool):
            repo = self.repositories.get(reference)
        else:
            repo = self.by_name.get(str(reference).lower())
        if repo is None:
            raise WorldError(f"no repository {reference!r}")
        return repo

    def redirected(self, full_name):
        """The repository that once had the name, if it still exists."""
        return self.repositories.get(self.redirects.get(full_name.lower()))

    def name_at(self, repo, moment):
        """The full name that the repository had then."""
        for until, full_name in self.former_names.get(repo.id, ()):
            if moment < until:
                return full_name
        return repo.full_name

    def parent_of(self, repo):
        return self.repositories.get(repo.parent_id)

    # -- changing --------------------------------------------------------------------------

    def touch(self, repo, now=None):
        repo.item_json = None
        if now is not None:
            repo.updated_at = max(repo.updated_at, int(now))
        self.version += 1

    def add(self, repo):
        """Takes in a new repository; a name in use gets a number, a former name is taken over."""
        base, number = repo.name, 1
        while repo.full_name.lower() in self.by_name:
            number += 1
            repo.name = f"{base}-{number}"
        self.redirects.pop(repo.full_name.lower(), None)
        self.repositories[repo.id] = repo
        self.by_name[repo.full_name.lower()] = repo
        for topic in repo.topics:
            self._enter(repo, topic)
        self.arrivals.append((repo, self.now))
        self.version += 1
        return repo

    def move(self, repo, full_name):
        """Rename or transfer: the old name redirects until somebody else takes it."""
        if not FULL_NAME.match(full_name):
            raise WorldError(f"not a repository name: {full_name!r}")
        holder = self.by_name.get(full_name.lower())
        if holder is not None and holder is not repo:
            raise WorldError(f"the name {full_name} is in use by repository {holder.id}")
        before, old = repo.full_name, repo.full_name.lower()
        login, name = full_name.split("/")
        self.redirects.pop(full_name.lower(), None)
        del self.by_name[old]
        if login != repo.owner.login:
            repo.owner = self.owner_named(login)
        repo.name = name
        self.by_name[full_name.lower()] = repo
        if old != full_name.lower():
            self.redirects[old] = repo.id
        self.former_names.setdefault(repo.id, []).append((self.now or self.start, before))
        self.touch(repo)

    def owner_named(self, login):
        for maker in self.makers.values():
            for owner in maker.owners:
                if owner.login.lower() == login.lower():
                    return owner
        for repo in self.repositories.values():
            if repo.owner.login.lower() == login.lower():
                return repo.owner
        return Owner(random_for(self.seed, "owner", login).randrange(10_000_000, 90_000_000),
                     login, "User")

    def delete(self, repo, now):
        self._leave_all(repo, "deleted", now)
        repo.status, repo.status_since = GONE, int(now)
        del self.repositories[repo.id]
        del self.by_name[repo.full_name.lower()]
        self.version += 1

    def set_status(self, repo, status, now):
        """403, 404 and 451 hide a repository from every search; 200 brings it back."""
        repo.status, repo.status_since = status, int(now)
        if status == PUBLIC:
            for topic in repo.topics:
                self._enter(repo, topic)
        else:
            self._leave_all(repo, "private" if status == GONE else "blocked", now)
        self.version += 1

    def join(self, repo, topic, now):
        if topic not in repo.topics:
            repo.topics = sorted({*repo.topics, topic})
        self.topics.setdefault(topic, {})
        if repo.status == PUBLIC:
            self._enter(repo, topic)
        self.touch(repo, now)

    def leave(self, repo, topic, now):
        repo.topics = [name for name in repo.topics if name != topic]
        self._drop(repo, topic, "left", now)
        self.touch(repo, now)

    def set(self, repo, values):
        """Sets plain fields; names and types are checked before anything changes."""
        for key, value in values.items():
            if key not in SETTABLE:
                raise WorldError(f"cannot set {key!r}; can set: {', '.join(sorted(SETTABLE))}")
            allowed = SETTABLE[key]
            if not isinstance(value, allowed) or (allowed is int and isinstance(value, bool)):
                raise WorldError(f"{key}: {value!r} is of the wrong type")
        for key, value in values.items():
            setattr(repo, key, value)
        self.touch(repo)

    # -- inside ----------------------------------------------------------------------------

    def _make_topic(self, name, count, share):
        if not TOPIC_NAME.match(name) or not 0 <= count <= COUNT_MAX:
            raise WorldError(f"topic {name}={count}: a-z, 0-9 and -, 0 to {COUNT_MAX}")
        if name in self.topics:
            raise WorldError(f"topic {name} is given twice")
        tags = [tag for tag in words.TAGS if tag not in self.shared] if share else [
            f"{name}-{part}" for part in words.PARTS[:8]]
        maker = TopicMaker(self.seed, name, self._block(name), tags, self.null_pushed_at)
        self.makers[name] = maker
        borrowed = self._borrow(name, count) if share else []
        self.topics[name] = {}
        self.former[name] = []
        for repo in borrowed:
            self.join(repo, name, None)
        for repo in maker.populate(count - len(borrowed), self.start):
            self.add(repo)
        self._choose_parents(name)

    def _make_outside(self, count):
        if not 0 <= count <= COUNT_MAX:
            raise WorldError(f"{count} repositories outside the topics: 0 to {COUNT_MAX}")
        maker = TopicMaker(self.seed, OUTSIDE, self._block(OUTSIDE), [], self.null_pushed_at)
        for repo in maker.populate(count, self.start) if count else ():
            repo.topics, repo.fork = [], False
            self.add(repo)

    def _borrow(self, name, count):
        """Some repositories carry two of the configured topics; they count in both."""
        candidates = list(self.repositories.values())
        amount = min(int(count * 0.15), len(candidates) // 4)
        return random_for(self.seed, "shared", name).sample(candidates, amount)

    def _choose_parents(self, name):
        rng = random_for(self.seed, "parents", name)
        members = list(self.topics[name].values())
        sources = [repo for repo in members if not repo.fork]
        for repo in members:
            if repo.fork and repo.parent_id is None and sources:
                repo.parent_id = rng.choice(sources).id

    def _block(self, name):
        block = random_for(self.seed, "block", name).randrange(ID_BLOCKS)
        while block in self._blocks:
            block = (block + 1) % ID_BLOCKS
        self._blocks.add(block)
        return block

    def _enter(self, repo, topic):
        if topic in self.topics and repo.id not in self.topics[topic]:
            self.topics[topic][repo.id] = repo
            self.members_versions[topic] = self.members_versions.get(topic, 0) + 1

    def _leave_all(self, repo, reason, now):
        for topic in repo.topics:
            self._drop(repo, topic, reason, now)

    def _drop(self, repo, topic, reason, now):
        if self.topics.get(topic, {}).pop(repo.id, None) is None:
            return
        self.members_versions[topic] = self.members_versions.get(topic, 0) + 1
        left = self.former.setdefault(topic, [])
        left.append({"id": repo.id, "full_name": repo.full_name, "reason": reason,
                     "at": rfc3339(now)})
        del left[:-FORMER_MAX]
