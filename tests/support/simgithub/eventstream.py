"""What happens in the repositories: drawn from the seed whenever it is asked for, and not kept.

The events of a repository in a stretch of SLOT_SECONDS depend on the seed, the repository and the stretch only, so any
part of the past is made again as it was, for all repositories or for one. Only what tests add by hand is remembered.
"""

import math
import struct
from bisect import bisect_left, bisect_right, insort
from collections import namedtuple
from hashlib import shake_128
from statistics import NormalDist

from .eventkinds import (ANCIENT, COLLIDING, DELAY_MAX, HOURS, MIX_WEIGHTS, MIXES, NO_REPOSITORY, PERSONAL, PHANTOM, PROJECT,
                         SHOWN_SHARE, SLOT_SECONDS, TWICE, UNKNOWN, UNKNOWN_KIND, delays, kinds_of, oddities, spread)
from .model import PUBLIC

AGAIN_MAX = 1800             # seconds after which an event may be shown once more
LATE_SLOTS = -(-(DELAY_MAX + AGAIN_MAX + SLOT_SECONDS) // SLOT_SECONDS)
EVENTS_OF_SLOT_MAX = 4095
BURST_MAX, BURSTS_KEPT = 10_000, 200_000
DAY = 86400
# Ids run in two families, both rising with time: the old one, and the one that began anew.
OLD_FAMILY, NEW_FAMILY = 1_293_840_000, 1_759_276_800
BURST_IDS = 4_000_000_000
_MASK = (1 << 64) - 1
_DELAY_BITS = 0xFFF << 29
_NORMAL = NormalDist()

# An event as it is drawn: times in epoch seconds; `number` counts those of the repository and stretch.
Drawn = namedtuple("Drawn", "created visible kind oddity id number again")
Burst = namedtuple("Burst", "number repo type action created visible id actor")


def poisson(chance, mean):
    """How many, where so many are expected; `chance` from 0 to 1 decides."""
    if mean > 30:
        return max(0, round(mean + math.sqrt(mean) * _NORMAL.inv_cdf(min(max(chance, 1e-9), 1 - 1e-9))))
    term = passed = math.exp(-mean)
    count = 0
    while chance > passed and count < 200:
        count += 1
        term *= mean / count
        passed += term
    return count


class Member:
    """A repository that takes part, from the stretch `first` on."""

    __slots__ = ("number", "repo", "weight", "mix", "hash", "phase", "first", "quiet")

    def __init__(self, number, repo, weight, mix, mark, first):
        self.number, self.repo, self.weight, self.mix, self.first = number, repo, weight, mix, first
        self.hash, self.phase = mark, mark % 24
        self.quiet = []  # (from, until), epoch seconds


class EventStream:
    """Not locked: see App.lock. Drawing only reads, so that the truth can be written without the lock."""

    def __init__(self, world, settings):
        self.world, self.seed = world, settings.seed
        self.plain = settings.plain_events
        self.rates = [(-1, settings.events_per_second)]  # (first stretch, events a second)
        self.version = 0         # changes by hand of what is drawn
        self.members, self.by_repository = [], {}
        self.bursts, self.bursts_of, self.burst_count = [], {}, 0
        self._mixes = spread(1024, list(zip(range(len(MIXES)), MIX_WEIGHTS)))
        self._kinds = [kinds_of(mix, 1 << 13) for mix in range(len(MIXES))]
        self._delays = [30] * 4096 if self.plain else delays(4096)
        self._oddities = [0] * 65536 if self.plain else oddities(65536)
        self._units = self._measure()
        self.take_in()

    # -- who takes part --------------------------------------------------------------------

    def _measure(self):
        """Half of what happens is shared by the repositories of the topics, half by the others."""
        shares = {True: 0.0, False: 0.0}
        for repo, now in self.world.arrivals:
            if now is None:
                shares[bool(repo.topics)] += _popularity(repo)
        part = 1.0 if not shares[True] or not shares[False] else 0.5
        shown = 1.0 if self.plain else SHOWN_SHARE
        return {inside: part / total / shown if total else 0.0 for inside, total in shares.items()}

    def take_in(self):
        """Lets repositories take part that are new in the world, from the next stretch on."""
        arrivals, self.world.arrivals = self.world.arrivals, []
        for repo, now in arrivals:
            if repo.id in self.by_repository:
                continue
            unit = self._units[bool(repo.topics)] or self._units[True] or self._units[False]
            mark = int.from_bytes(shake_128(b"%d:%d" % (self.seed, repo.id)).digest(8), "little")
            mix = self._mixes[mark >> 8 & 1023]
            if repo.stargazers_count >= 50 and mix == PERSONAL:
                mix = PROJECT
            created = repo.created_at // SLOT_SECONDS + 1
            first = created if now is None else max(created, int(now) // SLOT_SECONDS + 1)
            member = Member(len(self.members), repo, _popularity(repo) * unit, mix, mark, first)
            self.by_repository[repo.id] = member
            self.members.append(member)

    # -- drawing ---------------------------------------------------------------------------

    def rate(self, slot):
        return self.rates[bisect_right(self.rates, slot, key=lambda row: row[0]) - 1][1]

    def _count(self, member, slot, seconds_rate):
        if slot < member.first:
            return 0
        mixed = ((member.hash ^ slot * 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 31) * 0x94D049BB133111EB) & _MASK
        chance = (mixed >> 11) / 9007199254740992
        mean = member.weight * seconds_rate * HOURS[(slot // 6 + member.phase) % 24]
        return 0 if chance < 1 - mean else min(EVENTS_OF_SLOT_MAX, poisson(chance, mean))

    def draw(self, member, slot):
        """The events of one repository in one stretch, in the order of their creation."""
        rate = self.rate(slot) * SLOT_SECONDS
        count = self._count(member, slot, rate) if rate else 0
        return self._drawn(member, slot, self._words(member, slot, count)) if count else ()

    def draw_all(self, slot, earliest=0):
        """(member, its events) of everybody in one stretch who has one that may be visible from `earliest` on."""
        rate = self.rate(slot) * SLOT_SECONDS
        waiting = earliest - AGAIN_MAX - (slot + 1) * SLOT_SECONDS
        least = bisect_left(self._delays, waiting) << 29 if waiting > 0 else 0
        for member in self.members if rate else ():
            count = self._count(member, slot, rate)
            if not count:
                continue
            words = self._words(member, slot, count)
            # Of a stretch long ago, only what is very late matters, and hardly anybody has such an event.
            if not least or any(word & _DELAY_BITS >= least for word in words):
                yield member, self._drawn(member, slot, words)

    def _words(self, member, slot, count):
        raw = shake_128(b"%d:%d:%d" % (self.seed, member.repo.id, slot)).digest(8 * count)
        return struct.unpack(f"<{count}Q", raw)

    def _drawn(self, member, slot, words):
        """Each event is a word of 64 bits: when in the stretch, what, how late, how odd, of which family of ids."""
        words = sorted(words, key=_low)
        kinds, all_delays, odds = self._kinds[member.mix], self._delays, self._oddities
        start, place = slot * SLOT_SECONDS, member.number << 6
        found, before = [], None
        for number, word in enumerate(words):
            created = start + ((word & 0xFFFF) * SLOT_SECONDS >> 16)
            kind, oddity = kinds[word >> 16 & 0x1FFF], odds[word >> 41 & 0xFFFF]
            family = OLD_FAMILY if word >> 60 < 5 or created < NEW_FAMILY else NEW_FAMILY
            drawn = Drawn(created, created + all_delays[word >> 29 & 0xFFF], kind, oddity,
                          (created - family << 24) | place | (number & 63), number, 0)
            if oddity:
                drawn = _made_odd(drawn, before, bool(member.repo.topics), word >> 20)
            found.append(drawn)
            before = drawn
        return self._without_quiet(member, found) if member.quiet else found

    def _without_quiet(self, member, found):
        return [drawn for drawn in found
                if not any(low <= drawn.created < high for low, high in member.quiet)]

    # -- by hand ---------------------------------------------------------------------------

    def set_rate(self, rate, now):
        """From the next stretch on."""
        first = int(now) // SLOT_SECONDS + 1
        self.rates = [row for row in self.rates if row[0] < first] + [(first, rate)]
        self.version += 1

    def silence(self, repo, now, until):
        """Nothing is created in the repository from now on, until then."""
        member = self.by_repository.get(repo.id)
        if member is not None:
            member.quiet = [*member.quiet, (int(now) + 1, until)]
            self.version += 1

    def burst(self, repo, count, values, created, spread_seconds, delay):
        """Adds `count` events; returns them."""
        added = []
        for index in range(count):
            moment = int(created + spread_seconds * index / count)
            self.burst_count += 1
            burst = Burst(self.burst_count, repo, values["type"], values.get("action"), moment, int(moment + delay),
                          values.get("id", BURST_IDS + self.burst_count), values.get("actor"))
            added.append(burst)
            for rows in (self.bursts, self.bursts_of.setdefault(repo.id, [])):
                insort(rows, burst, key=_when_shown)
                del rows[:-BURSTS_KEPT]
        return added

    def bursts_between(self, since, until, repo=None):
        """Those that become visible from `since` on and before `until`."""
        rows = self.bursts if repo is None else self.bursts_of.get(repo.id, [])
        return rows[bisect_left(rows, since, key=_when_shown):bisect_left(rows, until, key=_when_shown)]


def hidden_from(repo, moment):
    """Whether what becomes visible at that moment is not shown, as the repository is deleted, private or blocked."""
    return repo.status != PUBLIC and moment >= (repo.status_since or 0)


def _popularity(repo):
    return (repo.stargazers_count + 3) ** 0.5 * (0.05 if repo.archived else 1)


def _low(word):
    return word & 0xFFFF


def _when_shown(burst):
    return burst.visible


def _made_odd(drawn, before, in_topic, chance):
    if drawn.oddity == TWICE:
        return drawn._replace(again=drawn.visible + 60 + chance % (AGAIN_MAX - 60))
    if drawn.oddity == COLLIDING and before is not None and before.oddity not in (ANCIENT, COLLIDING) \
            and before.created != drawn.created:
        return drawn._replace(id=before.id)
    if drawn.oddity == ANCIENT:
        return drawn._replace(created=drawn.created - (31 + chance % 45) * DAY)
    if drawn.oddity == UNKNOWN:
        return drawn._replace(kind=UNKNOWN_KIND)
    if drawn.oddity == PHANTOM or drawn.oddity == NO_REPOSITORY and not in_topic:
        return drawn
    return drawn._replace(oddity=0)
