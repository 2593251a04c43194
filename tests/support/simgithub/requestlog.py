"""What was asked of the simulated GitHub, kept for tests to look at."""

import hashlib
import threading
import time
from collections import deque

HEADERS = ("Host", "User-Agent", "Accept", "Accept-Encoding", "X-GitHub-Api-Version",
           "If-None-Match", "If-Modified-Since", "Connection", "Cookie", "Content-Type")


class RequestLog:
    """Thread-safe; remembers the last `size_max` requests."""

    def __init__(self, size_max, known_tokens):
        self._lock = threading.Lock()
        self._known = known_tokens
        self._entries = deque(maxlen=size_max)
        self._active = 0
        self.reset()

    def reset(self):
        with self._lock:
            self._entries.clear()
            self._count, self._active_max = 0, self._active

    def begin(self, request):
        """Notes that a request has come; returns its entry and how many are active."""
        entry = {
            "n": 0, "time": time.time(), "sim_time": request.now, "client": request.client,
            "method": request.method, "path": request.path, "query": request.query,
            "params": request.params, "status": None, "resource": None, "authenticated": None,
            "remaining": None, "fault": None, "bytes": 0, "duration_ms": None,
            "authorization": self._shown(request.headers.get("Authorization")),
            "headers": {name.lower(): request.headers[name] for name in HEADERS
                        if name in request.headers}}
        with self._lock:
            self._count += 1
            self._active += 1
            self._active_max = max(self._active_max, self._active)
            entry["n"] = self._count
            self._entries.append(entry)
            return entry, self._active

    def end(self, entry):
        entry["duration_ms"] = round((time.time() - entry["time"]) * 1000, 3)
        with self._lock:
            self._active -= 1

    def describe(self, path="", since=0, limit=None):
        with self._lock:
            found = [dict(entry) for entry in self._entries
                     if entry["n"] > since and entry["path"].startswith(path)]
            return {"count": self._count, "active": self._active,
                    "active_max": self._active_max,
                    "requests": found if limit is None else found[-limit:] if limit else []}

    def _shown(self, value):
        """The configured tokens are a test's own; any other might be somebody's real one."""
        if value is None or value.split(" ")[-1] in self._known:
            return value
        return f"{value.split(' ')[0]} sha256:{hashlib.sha256(value.encode()).hexdigest()[:12]}"
