"""Puts the parts together: from a request to an answer."""

import re
import threading
import time
from dataclasses import dataclass

from . import faults as fault_rules
from . import limits as limit_rules
from .answer import Answer, Body, message, not_found
from .archive import Archive
from .clock import Clock
from .events import Events
from .eventsource import Source
from .eventstream import EventStream
from .evolution import Evolution
from .faults import Faults
from .limits import Limits
from .mangle import spoil
from .mutate import apply_all
from .recorded import Recordings
from .render import compact
from .replay import Replay
from .repos import Repos
from .requestlog import RequestLog
from .search import Search
from .world import World

API_VERSIONS = ("2022-11-28", "2026-03-10")
CATCH_UP_DAYS_MAX = 366
LIMITED = ("core", "search")   # what is GitHub's API; the archive beside it is not


@dataclass
class Settings:
    seed: int
    start: int                     # epoch seconds at which the world begins
    time_scale: float
    topics: list                   # (name, count)
    recorded: dict                 # topic -> text of the file
    tokens: tuple = ()             # empty: every token is taken
    unlimited: bool = False
    null_pushed_at: float = 0.0
    already: float = 0.0           # simulated seconds that have passed before the start
    log_size: int = 20_000
    base_url: str = ""             # empty: http:// and the Host header
    outside: int = 0               # repositories outside the topics
    events_per_second: float = 0.0
    full_payloads: bool = False    # of events: as before October 2025
    plain_events: bool = False     # nothing odd, and every delay is 30 s
    poll_interval: int = 60
    replay: tuple = ()             # files of GH Archive, instead of simulated events
    archive: str = ""              # the folder that /archive/ serves; "" serves none
    archive_simulated: bool = False


@dataclass
class Request:
    method: str
    target: str                    # as it came: path and query
    path: str
    query: str
    params: dict
    decoded: str                   # path and query without %-escapes, for rules
    headers: object                # get() and `in` do not care about case
    client: str
    base_url: str
    now: float = 0.0               # the world's time
    resource: str = "core"
    authenticated: bool = False
    identity: str = ""
    repeat_page: bool = False      # a fault: this page of events is the one before


class App:
    """Owns the world; `lock` is held by whoever reads or changes it."""

    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.limits = Limits(settings.unlimited)
        self.faults = Faults(settings.seed)
        self.log = RequestLog(settings.log_size, settings.tokens)
        self.recorded = Recordings(settings.recorded)
        self.archive = Archive(self)
        self.reset_world()
        # An endpoint is a row: pattern, resource of the limits, handler(request, *groups).
        self.routes = [(re.compile(pattern + "$"), resource, handler)
                       for pattern, resource, handler in (
            (r"/", "core", self._root),
            (r"/rate_limit", "core", self._rate_limit),
            (r"/search/repositories", "search", lambda request: self.search.answer(request)),
            (r"/repos/([^/]+)/([^/]+)", "core",
             lambda request, *names: self.repos.by_name(request, *names)),
            (r"/repositories/(\d{1,18})", "core",
             lambda request, number: self.repos.by_id(request, number)),
            (r"/events", "core", lambda request: self.events.public(request)),
            (r"/repos/([^/]+)/([^/]+)/events", "core",
             lambda request, *names: self.events.by_name(request, *names)),
            (r"/repositories/(\d{1,18})/events", "core",
             lambda request, number: self.events.by_id(request, number)),
            (r"/archive/([^/]+)\.json\.gz", "archive",
             lambda request, name: self.archive.answer(request, name)))]

    def reset_world(self):
        """Back to the beginning, whatever happened."""
        settings = self.settings
        world = World(settings.seed, settings.start, settings.topics, settings.null_pushed_at,
                      settings.outside)
        with self.lock:
            self.world, self.evolution = world, Evolution(world)
            self.clock = Clock(settings.start, settings.time_scale, settings.already)
            self.search = Search(world, self.evolution, self.recorded)
            self.repos = Repos(world, self.recorded)
            self.stream = EventStream(world, settings)
            self.source = Replay(world, settings.replay) if settings.replay else Source(
                world, self.stream, settings.full_payloads)
            self.events = Events(world, self.source, settings.poll_interval)
            self.sync()

    def sync(self):
        """Makes the changes that are due; call with the lock held. Returns the time and them."""
        now = self.clock.now()
        changes = self.evolution.run_until(now)
        self.world.now = now
        return now, changes

    def answer(self, request, entry, active):
        """Answers a request and completes its log entry."""
        self._identify(request)
        chosen = self.faults.pick(request)
        if "before" in chosen:
            self._before(chosen["before"], request)
        answer = self._answer(request, chosen.get("instead"), active)
        if "inside" in chosen and answer.status == 200:
            rule = chosen["inside"]
            answer.body = Body(spoil(rule.kind, answer.body.raw, rule.value))
        if "sending" in chosen:
            answer.delivery = (chosen["sending"].kind, chosen["sending"].value)
        figures = self._figures(request)
        if request.resource in LIMITED and not any(name == "X-RateLimit-Limit" for name, _ in answer.headers):
            answer.headers += limit_rules.headers(figures, request.resource)
        answer.fault = ",".join(rule.kind for rule in chosen.values())
        entry.update(status=answer.status, resource=request.resource, fault=answer.fault or None,
                     authenticated=request.authenticated, remaining=figures["remaining"],
                     bytes=len(answer.body.raw))
        return answer

    def _identify(self, request):
        route = self._route(request)
        request.resource = route[0] if route else "core"
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        known = scheme.lower() in ("bearer", "token") and token and (
            not self.settings.tokens or token in self.settings.tokens)
        request.authenticated = bool(known)
        request.identity = f"token:{token}" if known else f"address:{request.client}"

    def _route(self, request):
        for pattern, resource, handler in self.routes:
            match = pattern.match(request.path)
            if match:
                return resource, handler, match.groups()
        return None

    def _figures(self, request):
        if request.resource not in LIMITED:
            return {"limit": 0, "used": 0, "remaining": None, "reset": int(time.time())}
        return self.limits.figures(request.identity, request.authenticated, request.resource)

    def _answer(self, request, rule, active):
        refused = self._refusal(request) if request.resource in LIMITED else None
        if refused:
            return refused
        if rule is not None:
            return fault_rules.instead(rule, request, self._figures(request))
        if request.resource not in LIMITED:
            return self._route(request)[1](request, *self._route(request)[2])
        if request.path == "/rate_limit":
            return self._rate_limit(request)
        if self.limits.secondary_exceeded(request.identity, active):
            return fault_rules.secondary_limit(403, self.limits.settings["secondary"][
                "retry_after"])
        if not self.limits.spend(request.identity, request.authenticated, request.resource):
            return fault_rules.primary_limit(request, self._figures(request))
        answer = self._handle(request)
        if answer.free:
            self.limits.give_back(request.identity, request.resource)
        return answer

    def _refusal(self, request):
        if not request.headers.get("User-Agent", "").strip():
            text = ("\r\nRequest forbidden by administrative rules. Please make sure your request "
                    "has a User-Agent header (https://docs.github.com/en/rest/overview/resources-"
                    "in-the-rest-api#user-agent-required). Check https://developer.github.com for "
                    "other possible causes.\r\n")
            return Answer(403, Body(text), content_type="text/html; charset=utf-8")
        if "Authorization" in request.headers and not request.authenticated:
            return message(401, "Bad credentials")
        version = request.headers.get("X-GitHub-Api-Version", API_VERSIONS[0])
        if version not in API_VERSIONS:
            return message(400, f"{version} is not a supported API version.")
        return None

    def _handle(self, request):
        route = self._route(request)
        if route is None or request.method not in ("GET", "HEAD"):
            return not_found()
        _, handler, groups = route
        with self.lock:
            request.now, _ = self.sync()
            return handler(request, *groups)

    def _before(self, rule, request):
        if rule.kind == "delay":
            self.stopping.wait(rule.value.get("seconds", 1))
        elif rule.kind == "repeat_page":
            request.repeat_page = True
        elif rule.kind == "advance":
            self.advance(rule.value.get("seconds", 60))
        else:
            with self.lock:
                now, _ = self.sync()
                apply_all(self, rule.value.get("ops", []), now)

    def advance(self, seconds):
        """Lets simulated time pass at once; returns the time and the changes by name."""
        with self.lock:
            self.clock.advance(seconds)
            return self.sync()

    def _rate_limit(self, request):
        return Answer(200, Body(compact(self.limits.overview(
            request.identity, request.authenticated))), [("Cache-Control", "no-cache")])

    def _root(self, request):
        base = request.base_url
        return Answer(200, Body(compact({
            "rate_limit_url": f"{base}/rate_limit",
            "repository_url": f"{base}/repos/{{owner}}/{{repo}}",
            "repository_search_url": f"{base}/search/repositories?q={{query}}"
                                     "{&page,per_page,sort,order}"})),
            [("Cache-Control", "public, max-age=60, s-maxage=60")])
