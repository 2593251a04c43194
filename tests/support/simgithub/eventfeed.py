"""The newest entries of a stream, moved on with time: what an event feed shows."""

import math
from bisect import bisect_right

from .eventkinds import SLOT_SECONDS
from .eventstream import LATE_SLOTS

FEED_MAX = 300
DAY = 86400
FIREHOSE_SECONDS, REPOSITORY_SECONDS = DAY, 30 * DAY


class Feed:
    """Entries are tuples that begin with the moment they become visible, which is their order.

    `draw(slot, earliest)` gives those created in a stretch of time; it may leave out what is visible before `earliest`.
    Kept are the newest FEED_MAX and those that come.
    """

    def __init__(self, draw, horizon, expected):
        """No entry older than `horizon` seconds; about so many are expected in a stretch."""
        self._draw, self._horizon, self._expected = draw, horizon, expected
        self._recent, self._coming, self._next = [], [], None

    def at(self, now):
        """The newest FEED_MAX entries visible at `now`, newest first."""
        slot = now // SLOT_SECONDS
        if self._next is None or slot - self._next > 4 * LATE_SLOTS or slot < self._next - 1:
            self._begin(slot, now)
        for number in range(self._next, slot + 1):
            self._absorb(self._draw(number, 0), now)
        self._next = slot + 1
        self._absorb((), now)
        oldest = bisect_right(self._recent, (now - self._horizon, math.inf))
        return self._recent[oldest:][::-1]

    def _absorb(self, entries, now):
        self._coming.extend(entries)
        self._coming.sort()
        due = bisect_right(self._coming, (now, math.inf))
        if due:
            self._recent = sorted(self._recent + self._coming[:due])[-FEED_MAX:]
            del self._coming[:due]

    def _begin(self, slot, now):
        """Draws the past, twice as far each time, until there is enough and nothing late is missing."""
        self._recent, self._coming, self._next = [], [], slot + 1
        first, low = (now - self._horizon) // SLOT_SECONDS, slot + 1
        length = int(1.2 * FEED_MAX / max(self._expected, 1e-6)) + 1
        while low > first and len(self._recent) < FEED_MAX:
            until, low = low, max(first, low - length)
            for number in range(low, until):
                self._absorb(self._draw(number, 0), now)
            length *= 2
        least = self._recent[0] if len(self._recent) == FEED_MAX else (0,)
        for number in range(max(first, low - LATE_SLOTS), low):
            self._absorb([entry for entry in self._draw(number, least[0]) if entry > least], now)
