"""The simulated events as a feed shows them, and what is true of them."""

from collections import OrderedDict, namedtuple

from .eventactors import choose, named
from .eventfeed import FIREHOSE_SECONDS, REPOSITORY_SECONDS, Feed
from .eventkinds import ANCIENT, KINDS, NO_REPOSITORY, PHANTOM, PROJECT, SLOT_SECONDS
from .eventpayload import Scene, event_value
from .eventstream import LATE_SLOTS, Drawn, hidden_from
from .model import PUBLIC
from .population import random_for
from .render import API, compact

FEEDS_KEPT = 2000
_BY_HAND = 1 << 40           # in the place of the stretch, where an event was added by hand

# What is so: the yardstick for what a collector stored. `again`: when it was shown a second time, or 0.
Fact = namedtuple("Fact", "id type action created repository visible again hidden")


class Source:
    """Entries are (visible, stretch, member, number, whether again, Drawn or Burst). Not locked: see App.lock."""

    def __init__(self, world, stream, full):
        self.world, self.stream, self.full = world, stream, full
        self._feeds, self._version = OrderedDict(), stream.version

    # -- feeds -----------------------------------------------------------------------------

    def newest(self, now, repo=None):
        """What the feed of a repository, or of all, has at `now`; newest first."""
        self.stream.take_in()
        if self._version != self.stream.version:
            self._feeds.clear()
            self._version = self.stream.version
        entries = self._feed(repo).at(now)
        horizon = FIREHOSE_SECONDS if repo is None else REPOSITORY_SECONDS
        by_hand = self.stream.bursts_between(now - horizon, now + 1, repo)[-300:]
        if not by_hand:
            return entries
        entries = entries + [(burst.visible, _BY_HAND, burst.number, 0, 0, burst) for burst in by_hand]
        return sorted(entries, reverse=True)[:300]

    def _feed(self, repo):
        key = repo and repo.id
        if key not in self._feeds:
            self._feeds[key] = self._made(repo)
            while len(self._feeds) > FEEDS_KEPT:
                self._feeds.popitem(last=False)
        self._feeds.move_to_end(key)
        return self._feeds[key]

    def _made(self, repo):
        rate = self.stream.rates[-1][1] * SLOT_SECONDS
        if repo is None:
            return Feed(self._of_all, FIREHOSE_SECONDS if rate else 0, rate)
        member = self.stream.by_repository.get(repo.id)
        if member is None:
            return Feed(lambda slot, earliest: (), 0, 0)
        return Feed(lambda slot, earliest: self._of_one(member, slot), REPOSITORY_SECONDS, rate * member.weight)

    def _of_all(self, slot, earliest):
        return [entry for member, drawn in self.stream.draw_all(slot, earliest) for entry in _entries(member, slot, drawn)]

    def _of_one(self, member, slot):
        drawn = [one for one in self.stream.draw(member, slot) if one.oddity not in (NO_REPOSITORY, ANCIENT)]
        return list(_entries(member, slot, drawn))

    # -- entries ---------------------------------------------------------------------------

    def shown(self, entry):
        """Not so for what is filtered out of a page."""
        return self._repo(entry).status == PUBLIC and not _filtered(entry)

    def mark(self, entry):
        """Differs where the text differs."""
        return f"{entry[:5]}{entry[5].id}{self.world.name_at(self._repo(entry), entry[5].created)}{self.full}"

    def text(self, entry):
        _, slot, _, _, _, event = entry
        repo = self._repo(entry)
        if slot == _BY_HAND:
            kind, action, mix = event.type, event.action, PROJECT
        else:
            (kind, action), mix = KINDS[event.kind], self.stream.members[entry[2]].mix
        rng = random_for(self.stream.seed, "event", repo.id, slot, event.number)
        by_hand = slot == _BY_HAND and event.actor
        actor = named(event.actor) if by_hand else choose(rng, repo, mix, kind)
        name = self.world.name_at(repo, event.created)
        scene = Scene(rng, repo, name, actor, action, event.created, self.full)
        known = {"id": repo.id, "name": name, "url": f"{API}/repos/{name}"}
        if isinstance(event, Drawn) and event.oddity == NO_REPOSITORY:
            known = {}
        org = repo.owner if repo.owner.type == "Organization" else None
        return compact(event_value(kind, event.id, event.created, scene, known, org))

    def created(self, entry):
        return entry[5].created

    def _repo(self, entry):
        return entry[5].repo if entry[1] == _BY_HAND else self.stream.members[entry[2]].repo

    # -- truth -----------------------------------------------------------------------------

    def facts(self, since, until, repo=None):
        """A Fact for each event that becomes visible from `since` on and before `until`, in no order."""
        for burst in self.stream.bursts_between(since, until, repo):
            if not hidden_from(burst.repo, burst.visible):
                yield Fact(burst.id, burst.type, burst.action, burst.created, burst.repo.id, burst.visible, 0,
                           _hidden(burst.repo))
        for slot in range(since // SLOT_SECONDS - LATE_SLOTS, -(-until // SLOT_SECONDS)):
            for member, drawn in self._drawn(slot, repo, since):
                yield from self._facts_of(member, drawn, since, until, repo is not None)

    def _drawn(self, slot, repo, since):
        if repo is None:
            return self.stream.draw_all(slot, since)
        member = self.stream.by_repository.get(repo.id)
        return [(member, self.stream.draw(member, slot))] if member is not None else []

    def _facts_of(self, member, drawn, since, until, one):
        repo = member.repo
        left_out = (PHANTOM, NO_REPOSITORY, ANCIENT) if one else (PHANTOM,)
        for event in drawn:
            if not since <= event.visible < until or event.oddity in left_out or hidden_from(repo, event.visible):
                continue
            name, action = KINDS[event.kind]
            if self.full and (name, action) == ("PullRequestEvent", "merged"):
                action = "closed"
            yield Fact(event.id, name, action, event.created, None if event.oddity == NO_REPOSITORY else repo.id,
                       event.visible, event.again, _hidden(repo))

    def entries_between(self, since, until):
        """Entries visible in that time, duplicates included, in the order of their showing: an archive's hour."""
        self.stream.take_in()
        entries = [(burst.visible, _BY_HAND, burst.number, 0, 0, burst)
                   for burst in self.stream.bursts_between(since, until)]
        for slot in range(since // SLOT_SECONDS - LATE_SLOTS, -(-until // SLOT_SECONDS)):
            entries += [entry for entry in self._of_all(slot, since) if since <= entry[0] < until]
        return [entry for entry in sorted(entries) if not hidden_from(self._repo(entry), entry[0]) and not _filtered(entry)]


def _filtered(entry):
    return entry[1] != _BY_HAND and entry[5].oddity == PHANTOM


def _hidden(repo):
    return 0 if repo.status == PUBLIC else repo.status_since or 0


def _entries(member, slot, drawn):
    for event in drawn:
        yield (event.visible, slot, member.number, event.number, 0, event)
        if event.again:
            yield (event.again, slot, member.number, event.number, 1, event)
