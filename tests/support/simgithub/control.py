"""The control API under /_sim/: for tests, from this machine. Its README has the shapes."""

import json

from .answer import Answer, Body
from .eventcontrol import EventControl
from .faults import STAGE, FaultError
from .limits import LimitsError
from .model import rfc3339
from .mutate import apply_all
from .render import compact, truth
from .world import WorldError

ADVANCE_DAYS_MAX = 366


class ControlError(Exception):
    """A control request that makes no sense; the text says why."""


class Control:
    def __init__(self, app):
        self.app = app
        self._handlers = {
            ("GET", "health"): self._health, ("GET", "clock"): self._clock,
            ("POST", "clock"): self._set_clock, ("POST", "advance"): self._advance,
            ("GET", "truth"): self._truth, ("POST", "mutate"): self._mutate,
            ("GET", "requests"): self._requests, ("DELETE", "requests"): self._forget_requests,
            ("POST", "requests/reset"): self._forget_requests,
            ("GET", "faults"): self._show_faults, ("POST", "faults"): self._set_faults,
            ("DELETE", "faults"): self._no_faults, ("GET", "limits"): self._show_limits,
            ("POST", "limits"): self._set_limits, ("POST", "reset"): self._reset,
            **EventControl(app).handlers}

    def answer(self, method, path, params, body):
        handler = self._handlers.get((method, path.removeprefix("/_sim/")))
        try:
            if handler is None:
                names = ", ".join(f"{verb} /_sim/{name}" for verb, name in self._handlers)
                raise ControlError(f"there is no {method} {path}; there are {names}")
            value = handler(params, json.loads(body) if body else None)
        except (ControlError, FaultError, LimitsError, WorldError, ValueError, KeyError, TypeError) as error:
            return _answer(404 if handler is None else 400, {"ok": False, "error": str(error)})
        return value if isinstance(value, Answer) else _answer(200, value)

    def _health(self, params, value):
        with self.app.lock:
            now, _ = self.app.sync()
            world = self.app.world
            return {"ok": True, "now": rfc3339(now), "seed": self.app.settings.seed,
                    "version": world.version, "repositories": len(world.repositories),
                    "topics": {name: len(members) for name, members in world.topics.items()},
                    "recorded": list(self.app.recorded.by_topic)}

    def _clock(self, params, value):
        clock = self.app.clock
        return {"now": rfc3339(clock.now()), "time_scale": clock.scale,
                "start_time": rfc3339(clock.start)}

    def _set_clock(self, params, value):
        scale = _number(value, "time_scale", 0, 1_000_000)
        with self.app.lock:
            self.app.sync()
            self.app.clock.set_scale(scale)
        return {"ok": True, **self._clock(params, None)}

    def _advance(self, params, value):
        now, changes = self.app.advance(_number(value, "seconds", 0, ADVANCE_DAYS_MAX * 86400))
        return {"ok": True, "now": rfc3339(now), "version": self.app.world.version,
                "changes": changes}

    def _truth(self, params, value):
        app = self.app
        with app.lock:
            now, _ = app.sync()
            if "repository" in params:
                name = params["repository"]
                return truth(app.world.find(int(name) if name.isdigit() else name))
            topic = params.get("topic", "")
            if topic in app.recorded.by_topic:
                rows, former = app.recorded.truth(topic), []
            else:
                if app.world.ensure_topic(topic):
                    app.evolution.follow(topic)
                    app.sync()
                rows = [truth(repo) for repo in app.world.members(topic)]
                former = app.world.former.get(topic, [])
            rows.sort(key=lambda row: (-row["stargazers_count"], row["id"]))
            return {"topic": topic, "now": rfc3339(now), "version": app.world.version,
                    "total": len(rows), "repositories": rows, "former": former}

    def _mutate(self, params, value):
        operations = value if isinstance(value, list) else [value]
        with self.app.lock:
            now, _ = self.app.sync()
            results = apply_all(self.app, operations, now)
            return {"ok": True, "now": rfc3339(now), "version": self.app.world.version,
                    "results": results}

    def _requests(self, params, value):
        limit = params.get("limit")
        return self.app.log.describe(params.get("path", ""), int(params.get("since", 0)),
                                     None if limit is None else int(limit))

    def _forget_requests(self, params, value):
        self.app.log.reset()
        return {"ok": True}

    def _show_faults(self, params, value):
        return {"ok": True, "rules": self.app.faults.describe(), "kinds": sorted(STAGE)}

    def _set_faults(self, params, value):
        rules = value["rules"] if isinstance(value, dict) and "rules" in value else value
        if not isinstance(rules, list):
            raise ControlError("a list of rules is needed")
        self.app.faults.replace(rules, params.get("append") == "1")
        return {"ok": True, "rules": self.app.faults.describe()}

    def _no_faults(self, params, value):
        return self._set_faults({}, [])

    def _show_limits(self, params, value):
        return self.app.limits.describe()

    def _set_limits(self, params, value):
        if not isinstance(value, dict):
            raise ControlError("an object is needed")
        self.app.limits.change(value)
        return {"ok": True, **self.app.limits.describe()}

    def _reset(self, params, value):
        parts = {"world": self.app.reset_world, "faults": lambda: self.app.faults.replace([]),
                 "requests": self.app.log.reset, "limits": self.app.limits.reset}
        value = value or {}
        if set(value) - set(parts):
            raise ControlError(f"reset takes {', '.join(parts)}")
        for name, reset in parts.items():
            if value.get(name, True):
                reset()
        return {"ok": True}


def _number(value, name, low, high):
    number = value.get(name) if isinstance(value, dict) else None
    if not isinstance(number, (int, float)) or isinstance(number, bool) \
            or not low <= number <= high:
        raise ControlError(f'{{"{name}": N}} is needed, N from {low} to {high}')
    return number


def _answer(status, value):
    return Answer(status, Body(compact(value)), [("Cache-Control", "no-store")])
