"""Search queries: from the text of `q` to tests on a repository's values."""

import math
import re
import shlex
from dataclasses import dataclass, field

from .model import parse_rfc3339, rfc3339

QUERY_LENGTH_MAX = 256
NUMBERS = {"stars": "stargazers_count", "forks": "forks_count", "size": "size"}
TIMES = {"created": "created_at", "pushed": "pushed_at", "updated": "updated_at"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")
_OPERATOR = re.compile(r"(>=|<=|>|<)(.+)$")


class QueryError(Exception):
    """What GitHub would answer 422 to."""


@dataclass(frozen=True)
class Query:
    topics: tuple = ()
    ranges: tuple = ()      # (attribute, low, high), both ends included
    flags: tuple = ()       # (attribute, value)
    languages: tuple = ()   # lower case
    terms: tuple = field(default=())  # lower case words of name or description

    def matches(self, repo):
        for attribute, low, high in self.ranges:
            value = getattr(repo, attribute)
            if value is None or not low <= value <= high:
                return False
        if any(getattr(repo, attribute) != value for attribute, value in self.flags):
            return False
        if self.languages and (repo.language or "").lower() not in self.languages:
            return False
        if not self.terms:
            return True
        text = f"{repo.name} {repo.description or ''}".lower()
        return all(term in text for term in self.terms)


def parse(text):
    """QueryError for a query that is too long or holds a qualifier that makes no sense."""
    if not text.strip():
        raise QueryError("missing")
    if len(text) > QUERY_LENGTH_MAX:
        raise QueryError(f"The search is longer than {QUERY_LENGTH_MAX} characters.")
    topics, ranges, flags, languages, terms = [], [], [], [], []
    for word in _words(text):
        name, colon, value = word.partition(":")
        name = name.lower()
        if not colon:
            terms.append(word.lower())
        elif name == "topic":
            topics.append(value.lower())
        elif name in NUMBERS:
            ranges.append((NUMBERS[name], *_range(value, _number)))
        elif name in TIMES:
            ranges.append((TIMES[name], *_range(value, _moment)))
        elif name == "archived":
            flags.append(("archived", _flag(value, ("true", "false")) == "true"))
        elif name == "fork":
            choice = _flag(value, ("true", "only", "false"))
            if choice != "true":  # true means: forks too, which is what this server always does
                flags.append(("fork", choice == "only"))
        elif name == "language":
            languages.append(value.lower())
        elif word.lower() != "is:public":
            raise QueryError(f"The simulated GitHub does not know the qualifier {name!r}.")
    return Query(tuple(topics), tuple(ranges), tuple(flags), tuple(languages), tuple(terms))


def _words(text):
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _flag(value, allowed):
    if value not in allowed:
        raise QueryError(f"{value!r} is none of {', '.join(allowed)}.")
    return value


def _range(value, convert):
    """A..B, A..*, *..B, >=A, >A, <=A, <A or A, as (low, high) with both ends included.

    `convert` gives the first and the last value that a text stands for (a day is a range).
    """
    if ".." in value:
        low, high = value.split("..", 1)
        return (-math.inf if low == "*" else convert(low)[0],
                math.inf if high == "*" else convert(high)[1])
    match = _OPERATOR.match(value)
    if not match:
        return convert(value)
    first, last = convert(match.group(2))
    return {">=": (first, math.inf), ">": (last + 1, math.inf),
            "<=": (-math.inf, last), "<": (-math.inf, first - 1)}[match.group(1)]


def _number(text):
    if not re.fullmatch(r"\d{1,12}", text):
        raise QueryError(f"{text!r} is not a number.")
    return int(text), int(text)


def _moment(text):
    try:
        if _DATE.match(text):
            first = parse_rfc3339(text + "T00:00:00Z")
            return first, first + 86399
        moment = parse_rfc3339(text)
    except ValueError:
        raise QueryError(f"{text!r} is not a recognized date/time format, such as "
                         f"{rfc3339(0)}.") from None
    return moment, moment
