"""GET /archive/YYYY-MM-DD-H.json.gz: hours as GH Archive has them, from a folder or of the simulated world."""

import calendar
import gzip
import io
import re
import time
from pathlib import Path

from .answer import Answer, Body

_NAME = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d|1\d|2[0-3])$")
HOUR = 3600


def hour_of(name):
    """The start of the hour YYYY-MM-DD-H, or None; H has no leading zero."""
    match = _NAME.match(name)
    if not match:
        return None
    year, month, day, hour = (int(part) for part in match.groups())
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return calendar.timegm((year, month, day, hour, 0, 0))


class Archive:
    """No part of GitHub: no limits and no rules of its API, but faults and the request log."""

    def __init__(self, app):
        self.app, self.settings = app, app.settings

    def answer(self, request, name):
        since = hour_of(name)
        if since is None or not (self.settings.archive or self.settings.archive_simulated):
            return _missing()
        if self.settings.archive:
            # `name` has been checked letter by letter: it cannot lead out of the folder.
            file = Path(self.settings.archive) / f"{name}.json.gz"
            if file.is_file():
                return _packed(file.read_bytes(), file.stat().st_mtime)
        if self.settings.archive_simulated and since + HOUR <= self.app.clock.now():
            return _packed(packed_hour(self.app, since), since + HOUR)
        return _missing()


def packed_hour(app, since):
    """An hour of events, one a line, in the order of their showing."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=3, mtime=0) as file:
        for start in range(since, since + HOUR, 600):
            with app.lock:
                entries = app.source.entries_between(start, start + 600)
            for first in range(0, len(entries), 500):
                with app.lock:
                    lines = [app.source.text(entry) for entry in entries[first:first + 500]]
                file.write(("\n".join(lines) + "\n").encode())
    return packed.getvalue()


def _packed(raw, changed):
    return Answer(200, Body(raw), [
        ("Last-Modified", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(changed)))],
        "application/gzip", encoded=True)


def _missing():
    return Answer(404, Body("<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code></Error>"), [],
                  "application/xml; charset=UTF-8")
