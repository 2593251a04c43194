"""The world's own clock: real time times a scale, plus what was skipped by hand."""

import threading
import time


class Clock:
    def __init__(self, start, scale, already=0):
        """`start` is the world's beginning in epoch seconds; `already` seconds have passed."""
        self.start = start
        self._lock = threading.Lock()
        self._scale = scale
        self._base = start + already
        self._since = time.monotonic()

    def now(self):
        with self._lock:
            return self._now()

    def _now(self):
        return self._base + (time.monotonic() - self._since) * self._scale

    def advance(self, seconds):
        with self._lock:
            self._base += seconds

    @property
    def scale(self):
        return self._scale

    def set_scale(self, scale):
        with self._lock:
            self._base = self._now()
            self._since = time.monotonic()
            self._scale = scale
