"""The things a world is made of. Times are whole seconds since the epoch, UTC."""

import calendar
import re
import time

PUBLIC, GONE, FORBIDDEN, LEGAL = 200, 404, 403, 451

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|z|[+-]\d\d:\d\d)$")


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_rfc3339(text):
    """Seconds since the epoch; ValueError for what is no RFC 3339 date-time."""
    match = _RFC3339.match(text)
    if not match:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
            and hour < 24 and minute < 60 and second < 61):
        raise ValueError(f"no such time: {text!r}")
    moment = calendar.timegm((year, month, day, hour, minute, second))
    zone = match.group(7)
    if zone not in "Zz":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        moment -= offset if zone[0] == "+" else -offset
    return moment


class Owner:
    __slots__ = ("id", "login", "type", "json")

    def __init__(self, id, login, type):
        self.id, self.login, self.type = id, login, type
        self.json = None  # rendered once by render.owner_json: owners do not change


class Repository:
    """A repository is its id; everything else may change."""

    __slots__ = (
        "id", "owner", "name", "description", "fork", "parent_id", "created_at", "updated_at",
        "pushed_at", "homepage", "size", "stargazers_count", "forks_count", "open_issues_count",
        "subscribers_count", "language", "license", "archived", "disabled", "topics",
        "default_branch", "has_issues", "has_wiki", "has_pages", "has_discussions",
        "is_template", "status", "status_since", "tie", "item_json")

    def __init__(self, **values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    @property
    def full_name(self):
        return f"{self.owner.login}/{self.name}"
