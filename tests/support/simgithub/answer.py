"""What an endpoint gives back, before it is written to a connection."""

import gzip
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from .render import compact

JSON = "application/json; charset=utf-8"
DOCS = "https://docs.github.com/rest"


class Body:
    """Bytes, compressed once when somebody asks for that. Safe to share between threads."""

    __slots__ = ("raw", "_packed")

    def __init__(self, raw):
        self.raw = raw.encode() if isinstance(raw, str) else raw
        self._packed = None

    def packed(self):
        if self._packed is None:
            self._packed = gzip.compress(self.raw, 1, mtime=0)
        return self._packed


@dataclass
class Answer:
    status: int
    body: Body
    headers: list = field(default_factory=list)  # (name, value)
    content_type: str = JSON
    free: bool = False       # costs nothing of the primary limit
    delivery: tuple = ()     # (kind, parameters) of a fault in how the bytes are sent
    encoded: bool = False    # the body is what it is: not to be compressed for the way
    stream: object = None    # instead of the body: pieces of bytes
    fault: str = ""          # kinds of the faults that changed this answer, for the log


def message(status, text, documentation=DOCS, **more):
    value = {"message": text, **more, "documentation_url": documentation, "status": str(status)}
    return Answer(status, Body(compact(value)))


def not_found():
    return message(404, "Not Found")


def page_links(request, path, page, last):
    """The Link header of a page of a list."""
    def to(number, relation):
        params = {**request.params, "page": str(number)}
        text = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in params.items())
        return f'<{request.base_url}{path}?{text}>; rel="{relation}"'

    links = []
    if page > 1:
        links.append(to(min(page - 1, max(last, 1)), "prev"))
    if page < last:
        links += [to(page + 1, "next"), to(last, "last")]
    if page > 1:
        links.append(to(1, "first"))
    return ", ".join(links)
