"""Faults that can be switched on and off while the server runs: rules and what they do."""

import random
import re
import threading
import time
from email.utils import formatdate

from . import limits
from .answer import DOCS, Answer, Body, message
from .mangle import BYTE_FAULTS, VALUE_FAULTS

LIMIT_DOCS = DOCS + "/using-the-rest-api/rate-limits-for-the-rest-api"
HTML_ERROR = ("<!DOCTYPE html>\n<html>\n<head><title>502 Bad Gateway</title></head>\n"
              "<body><center><h1>502 Bad Gateway</h1></center><hr>"
              "<center>nginx</center></body>\n</html>\n")
SECONDARY = ("You have exceeded a secondary rate limit. Please wait a few minutes before you "
             "try again. For more on scraping GitHub and how it may affect your rights, please "
             "review our Terms of Service (https://docs.github.com/en/site-policy/github-terms/"
             "github-terms-of-service)")

_NUMBER, _INT = (int, float), int
_FIELDS = {"items": _INT, "fields": list}
# kind -> its parameters. Kinds of `before` act first and let the answer follow; those of
# `instead` replace the answer; those of `inside` change its body; those of `sending` how it
# is sent.
KINDS = {
    "before": {"delay": {"seconds": _NUMBER}, "advance": {"seconds": _NUMBER},
               "mutate": {"ops": list}, "repeat_page": {}},
    "instead": {"error": {"status": _INT, "body": str, "headers": dict},
                "primary_limit": {"status": _INT, "reset_seconds": _NUMBER},
                "secondary_limit": {"status": _INT, "retry_after": (int, type(None)),
                                    "as_date": bool},
                "unauthorized": {}, "redirect": {"status": _INT, "location": str},
                "redirect_loop": {"status": _INT}},
    "inside": {
        **dict.fromkeys([*VALUE_FAULTS, *BYTE_FAULTS], {}),
        "wrong_types": _FIELDS, "null_fields": _FIELDS, "missing_fields": _FIELDS,
        "unknown_fields": {"items": _INT}, "incomplete_results": {"keep": _INT},
        "duplicate_items": {"items": _INT}, "malformed_entries": {"items": _INT}, "wrong_total": {"total_count": _INT},
        "replace_body": {"value": object}, "truncated_json": {"fraction": _NUMBER},
        "deep_json": {"depth": _INT}, "huge_body": {"size_mib": _NUMBER}},
    "sending": {"cut_before_headers": {"reset": bool}, "cut_in_headers": {"reset": bool},
                "cut_in_body": {"fraction": _NUMBER, "reset": bool},
                "slow": {"bytes_per_second": _NUMBER}, "hang": {"seconds": _NUMBER},
                "gzip_garbage": {}, "gzip_truncated": {}, "not_http": {}, "chunked": {},
                "endless_headers": {"count": _INT}}}
STAGE = {kind: stage for stage, kinds in KINDS.items() for kind in kinds}
_MATCHING = {"kind": str, "path": str, "regex": str, "method": str, "authenticated": bool,
             "count": _INT, "skip": _INT, "probability": _NUMBER}


class FaultError(Exception):
    """A rule that makes no sense; the text says why."""


class Rule:
    def __init__(self, number, value):
        if not isinstance(value, dict) or value.get("kind") not in STAGE:
            raise FaultError(f"rule {number}: kind must be one of {', '.join(sorted(STAGE))}")
        self.kind, self.stage = value["kind"], STAGE[value["kind"]]
        allowed = {**_MATCHING, **KINDS[self.stage][self.kind]}
        for key, given in value.items():
            if key not in allowed or not isinstance(given, allowed[key]):
                raise FaultError(f"rule {number} ({self.kind}): {key}={given!r}; "
                                 f"it takes {', '.join(allowed)}")
        try:
            self.regex = re.compile(value["regex"]) if "regex" in value else None
        except re.error as error:
            raise FaultError(f"rule {number}: regex: {error}") from None
        self.value, self.number, self.matched, self.applied = value, number, 0, 0

    def fits(self, request):
        value = self.value
        return (request.path.startswith(value.get("path", "/"))
                and value.get("method", request.method) == request.method
                and value.get("authenticated", request.authenticated) == request.authenticated
                and (self.regex is None or bool(self.regex.search(request.decoded))))

    def describe(self):
        return {**self.value, "id": self.number, "matched": self.matched,
                "applied": self.applied}


class Faults:
    """The rules in force. Thread-safe."""

    def __init__(self, seed):
        self._lock = threading.Lock()
        self._seed = seed
        self.replace([])

    def replace(self, values, append=False):
        """Sets or adds rules, all or none of them."""
        first = len(self._rules) if append else 0
        rules = [Rule(first + number, value) for number, value in enumerate(values, 1)]
        with self._lock:
            self._rules = self._rules + rules if append else rules
            if not append:
                self._rng = random.Random(f"{self._seed}:faults")

    def describe(self):
        with self._lock:
            return [rule.describe() for rule in self._rules]

    def pick(self, request):
        """The rules to apply to this request: one of each stage, the first that fits."""
        chosen = {}
        with self._lock:
            for rule in self._rules:
                if rule.stage in chosen or not rule.fits(request):
                    continue
                rule.matched += 1
                if rule.matched <= rule.value.get("skip", 0):
                    continue
                if rule.applied >= rule.value.get("count", rule.applied + 1):
                    continue
                if self._rng.random() >= rule.value.get("probability", 1):
                    continue
                rule.applied += 1
                chosen[rule.stage] = rule
        return chosen


def instead(rule, request, figures):
    """The answer that a rule of the stage `instead` gives."""
    value = rule.value
    if rule.kind == "error":
        return _error(value)
    if rule.kind == "primary_limit":
        spent = {**figures, "used": figures["limit"], "remaining": 0,
                 "reset": int(time.time() + value.get("reset_seconds", 60)) + 1}
        return primary_limit(request, spent, value.get("status", 403))
    if rule.kind == "secondary_limit":
        return secondary_limit(value.get("status", 403), value.get("retry_after", 60),
                               value.get("as_date", False))
    if rule.kind == "unauthorized":
        return message(401, "Bad credentials")
    status = value.get("status", 301)
    location = value.get("location", "https://elsewhere.example/") if rule.kind == "redirect" \
        else request.base_url + request.target
    answer = message(status, "Moved", url=location)
    answer.headers.append(("Location", location))
    return answer


def _error(value):
    status, body = value.get("status", 502), value.get("body", "json")
    kind = "application/json; charset=utf-8"
    if body == "json":
        body = '{"error":"Server Error"}'
    elif body == "html":
        body, kind = HTML_ERROR, "text/html"
    elif body == "empty":
        body = ""
    headers = [(str(name), str(text)) for name, text in value.get("headers", {}).items()]
    return Answer(status, Body(body), headers, kind)


def primary_limit(request, figures, status=403):
    """The caller's bucket is empty; `figures` say until when."""
    if request.authenticated:
        text = "API rate limit exceeded for user ID 1000001. If you reach out to GitHub Support " \
               "for help, please include the request ID 0000:SIMULATED."
    else:
        text = f"API rate limit exceeded for {request.client}. (But here's the good news: " \
               "Authenticated requests get a higher rate limit. Check out the documentation " \
               "for more details.)"
    answer = message(status, text, LIMIT_DOCS)
    answer.headers += limits.headers(figures, request.resource)
    return answer


def secondary_limit(status, retry_after, as_date=False):
    answer = message(status, SECONDARY, LIMIT_DOCS + "#about-secondary-rate-limits")
    answer.headers.append(("gh-limited-by", "search-elapsed-time-shared-grouped"))
    if retry_after is not None:
        text = formatdate(time.time() + retry_after, usegmt=True) if as_date else retry_after
        answer.headers.append(("Retry-After", str(text)))
    return answer
