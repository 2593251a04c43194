"""Primary limits (a bucket for each caller and resource) and secondary limits, in real time."""

import threading
import time
from collections import deque

# Resources of GET /rate_limit that this server only mentions.
OTHERS = {"graphql": 5000, "integration_manifest": 5000, "source_import": 100,
          "code_scanning_upload": 1000, "actions_runner_registration": 10000, "scim": 15000,
          "dependency_snapshots": 100, "code_search": 10}
NO_LIMIT = 1_000_000_000
DEFAULTS = {
    "core": {"limit": 5000, "anonymous": 60, "window_seconds": 3600},
    "search": {"limit": 30, "anonymous": 10, "window_seconds": 60},
    "secondary": {"per_minute": 900, "concurrent": 100, "retry_after": 60}}


class LimitsError(Exception):
    """A setting that cannot be; the text says why."""


class Bucket:
    __slots__ = ("used", "reset", "exhausted")

    def __init__(self, reset):
        self.used, self.reset, self.exhausted = 0, reset, False


class Limits:
    """Thread-safe. Callers are told apart by `identity`: a token or an address."""

    def __init__(self, unlimited=False):
        self._lock = threading.Lock()
        self._unlimited = unlimited
        self.reset()

    def reset(self):
        """Settings and counters as at the start."""
        with self._lock:
            self.settings = {name: dict(values) for name, values in DEFAULTS.items()}
            if self._unlimited:
                for name in ("core", "search"):
                    self.settings[name].update(limit=NO_LIMIT, anonymous=NO_LIMIT)
                self.settings["secondary"].update(per_minute=NO_LIMIT, concurrent=NO_LIMIT)
            self._forget()

    def _forget(self):
        self._buckets, self._recent = {}, {}

    def change(self, changes):
        """Applies the control request's changes; LimitsError if one of them makes no sense."""
        changes = dict(changes)
        clear, exhaust = changes.pop("reset", False), changes.pop("exhaust", [])
        reset_in = changes.pop("reset_in_seconds", None)
        for name, values in changes.items():
            if name not in self.settings or not isinstance(values, dict):
                raise LimitsError(f"{name!r} is none of {', '.join(self.settings)}")
            for key, value in values.items():
                if key not in self.settings[name] or not isinstance(value, (int, float)) \
                        or value < 0:
                    raise LimitsError(f"{name}.{key}={value!r}: "
                                      f"{', '.join(self.settings[name])}, not below 0")
        if not isinstance(exhaust, list) or set(exhaust) - {"core", "search"}:
            raise LimitsError("exhaust: a list of core and search")
        with self._lock:
            for name, values in changes.items():
                self.settings[name].update(values)
            if clear:
                self._forget()
            for resource in exhaust:
                self._exhaust(resource, reset_in)

    def _exhaust(self, resource, reset_in):
        """Spends the bucket of everybody who has called, and of whoever calls next."""
        window = self.settings[resource]["window_seconds"] if reset_in is None else reset_in
        spent = Bucket(time.time() + window)
        spent.exhausted = True
        for key in [key for key in self._buckets if key[1] == resource]:
            self._buckets[key] = spent
        self._buckets[(None, resource)] = spent

    def _bucket(self, identity, resource):
        now = time.time()
        for key in ((None, resource), (identity, resource)):
            bucket = self._buckets.get(key)
            if bucket is not None and bucket.reset <= now:
                del self._buckets[key]
                bucket = None
            if bucket is not None:
                return bucket
        bucket = Bucket(now + self.settings[resource]["window_seconds"])
        self._buckets[(identity, resource)] = bucket
        return bucket

    def _figures(self, identity, authenticated, resource):
        settings = self.settings[resource]
        limit = settings["limit" if authenticated else "anonymous"]
        bucket = self._bucket(identity, resource)
        used = limit if bucket.exhausted else min(bucket.used, limit)
        return {"limit": limit, "used": used, "remaining": limit - used,
                "reset": int(bucket.reset) + 1}

    def figures(self, identity, authenticated, resource):
        """limit, used, remaining and reset (epoch seconds) of a caller's bucket."""
        with self._lock:
            return self._figures(identity, authenticated, resource)

    def spend(self, identity, authenticated, resource):
        """Takes one request off the bucket; False if nothing was left."""
        with self._lock:
            if not self._figures(identity, authenticated, resource)["remaining"]:
                return False
            self._bucket(identity, resource).used += 1
            return True

    def give_back(self, identity, resource):
        with self._lock:
            bucket = self._bucket(identity, resource)
            bucket.used = max(0, bucket.used - 1)

    def secondary_exceeded(self, identity, concurrent):
        """Too many at once, or in the last minute; such a request counts as well."""
        with self._lock:
            settings, now = self.settings["secondary"], time.monotonic()
            if concurrent > settings["concurrent"]:
                return True
            if settings["per_minute"] >= NO_LIMIT:
                return False
            recent = self._recent.setdefault(identity, deque(maxlen=100_000))
            while recent and recent[0] < now - 60:
                recent.popleft()
            recent.append(now)
            return len(recent) > settings["per_minute"]

    def overview(self, identity, authenticated):
        """The body of GET /rate_limit."""
        reset = int(time.time()) + 3600
        resources = {name: self.figures(identity, authenticated, name)
                     for name in ("core", "search")}
        for name, limit in OTHERS.items():
            limit = limit if authenticated else min(limit, 60)
            resources[name] = {"limit": limit, "used": 0, "remaining": limit, "reset": reset}
        return {"resources": resources, "rate": resources["core"]}

    def describe(self):
        with self._lock:
            now = time.time()
            return {**self.settings, "buckets": [
                {"caller": key[0] or "everybody", "resource": key[1], "used": bucket.used,
                 "exhausted": bucket.exhausted, "reset": int(bucket.reset) + 1}
                for key, bucket in self._buckets.items() if bucket.reset > now]}


def headers(figures, resource):
    return [("X-RateLimit-Limit", str(figures["limit"])),
            ("X-RateLimit-Remaining", str(figures["remaining"])),
            ("X-RateLimit-Reset", str(figures["reset"])),
            ("X-RateLimit-Used", str(figures["used"])),
            ("X-RateLimit-Resource", resource)]
