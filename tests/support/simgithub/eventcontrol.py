"""The control API of events: what is true, bursts, quiet repositories, settings, an archive's hour."""

import functools
from collections import Counter

from .answer import Answer, Body
from .archive import hour_of, packed_hour
from .eventstream import BURST_MAX
from .model import parse_rfc3339, rfc3339
from .render import compact

LATE_SECONDS = 600
LINES_A_PIECE = 500
RATE_MAX = 1000
_BURST = {"repository": (int, str), "type": str, "action": (str, type(None)), "count": int, "created_at": str,
          "spread_seconds": (int, float), "delay_seconds": (int, float), "actor": str, "id": int}


class EventControl:
    def __init__(self, app):
        self.app = app
        self.handlers = {
            ("GET", "events"): self._show, ("POST", "events"): self._burst,
            ("POST", "events/quiet"): self._quiet, ("POST", "events/settings"): self._settings,
            ("GET", "events/truth"): self._counts, ("GET", "events/truth.ndjson"): self._lines,
            ("GET", "events/archive"): self._archive}

    # -- truth -----------------------------------------------------------------------------

    def _facts(self, params):
        """(since, until, facts) of what becomes visible in a time; by default from the world's start until now."""
        app = self.app
        with app.lock:
            now, _ = app.sync()
            app.stream.take_in()
            since = parse_rfc3339(params["since"]) if "since" in params else app.clock.start
            until = parse_rfc3339(params["until"]) if "until" in params else int(now) + 1
            repo = _repository(app, params["repository"]) if "repository" in params else None
            return since, until, app.source.facts(since, until, repo)

    def _counts(self, params, value):
        since, until, facts = self._facts(params)
        types, repositories, totals = Counter(), set(), Counter()
        for fact in facts:
            types[fact.type] += 1
            repositories.add(fact.repository)
            totals["duplicates"] += since <= fact.again < until
            totals["late"] += fact.visible - fact.created >= LATE_SECONDS
            totals["hidden"] += bool(fact.hidden)
        return {"since": rfc3339(since), "until": rfc3339(until), "events": sum(types.values()),
                "repositories": len(repositories - {None}), "by_type": dict(sorted(types.items())),
                **{name: totals[name] for name in ("duplicates", "late", "hidden")}}

    def _lines(self, params, value):
        _, _, facts = self._facts(params)
        return Answer(200, Body(b""), [("Cache-Control", "no-store")], "application/x-ndjson", stream=_pieces(facts))

    # -- changes ---------------------------------------------------------------------------

    def _burst(self, params, value):
        """Adds events of one repository."""
        for key, given in (value if isinstance(value, dict) else {}).items():
            if key not in _BURST or not isinstance(given, _BURST[key]) or isinstance(given, bool):
                raise ValueError(f"{key}={given!r}: a burst takes {', '.join(_BURST)}")
        if not isinstance(value, dict) or not {"repository", "type"} <= value.keys():
            raise ValueError("an object with repository and type is needed")
        count, spread = value.get("count", 1), value.get("spread_seconds", 0)
        if not 1 <= count <= BURST_MAX or spread < 0:
            raise ValueError(f"count: 1 to {BURST_MAX}; spread_seconds: not below 0")
        app = self.app
        if app.settings.replay:
            raise ValueError("a replay has only what is in its files")
        with app.lock:
            now, _ = app.sync()
            created = parse_rfc3339(value["created_at"]) if "created_at" in value else int(now)
            added = app.stream.burst(_repository(app, value["repository"]), count, value, created, spread,
                                     value.get("delay_seconds", 0))
        return {"ok": True, "events": [
            {"id": str(one.id), "type": one.type, "created_at": rfc3339(one.created),
             "visible_at": rfc3339(one.visible)} for one in added]}

    def _quiet(self, params, value):
        app = self.app
        with app.lock:
            now, _ = app.sync()
            app.stream.take_in()
            until = parse_rfc3339(value["until"]) if "until" in value else 1 << 40
            app.stream.silence(_repository(app, value["repository"]), now, until)
        return {"ok": True}

    def _settings(self, params, value):
        app = self.app
        known = {"events_per_second": (int, float), "payloads": str, "poll_interval": int}
        for key, given in (value if isinstance(value, dict) else {"": None}).items():
            if key not in known or not isinstance(given, known[key]):
                raise ValueError(f"{key}={given!r}: there are {', '.join(known)}")
        rate = value.get("events_per_second", 0)
        if not 0 <= rate <= RATE_MAX or value.get("payloads", "full") not in ("full", "trimmed"):
            raise ValueError(f"events_per_second: 0 to {RATE_MAX}; payloads: full or trimmed")
        with app.lock:
            now, _ = app.sync()
            if "events_per_second" in value:
                app.stream.set_rate(rate, now)
            if "payloads" in value:
                app.source.full = value["payloads"] == "full"
            app.events.poll_interval = value.get("poll_interval", app.events.poll_interval)
        return self._show(params, None)

    def _show(self, params, value):
        app = self.app
        return {"ok": True, "events_per_second": app.stream.rates[-1][1], "poll_interval": app.events.poll_interval,
                "payloads": "full" if app.source.full else "trimmed", "bursts": len(app.stream.bursts),
                "repositories": len(app.stream.members)}

    def _archive(self, params, value):
        """An hour of the world as GH Archive would have it, also one that is not over."""
        since = hour_of(params.get("hour", ""))
        if since is None:
            raise ValueError("hour=YYYY-MM-DD-H is needed")
        return Answer(200, Body(packed_hour(self.app, since)), [], "application/gzip", encoded=True)


def _repository(app, reference):
    """By id or full name; what a replay shows as well."""
    return app.world.find(int(reference) if str(reference).isdigit() else reference)


# There may be millions of lines, of few words and within few seconds.
_word = functools.lru_cache(20_000)(compact)
_time = functools.lru_cache(20_000)(lambda moment: f'"{rfc3339(moment)}"')


def _pieces(facts):
    lines = []
    for fact in facts:
        more = f',"again_at":{_time(fact.again)}' if fact.again else ""
        if fact.hidden:
            more += f',"hidden_at":{_time(fact.hidden)}'
        lines.append(f'{{"id":"{fact.id}","type":{_word(fact.type)},"action":{_word(fact.action)},'
                     f'"created_at":{_time(fact.created)},"repository_id":{_word(fact.repository)},'
                     f'"visible_at":{_time(fact.visible)}{more}}}')
        if len(lines) == LINES_A_PIECE:
            yield ("\n".join(lines) + "\n").encode()
            lines = []
    if lines:
        yield ("\n".join(lines) + "\n").encode()
