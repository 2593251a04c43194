"""GET /repos/{owner}/{repo} and GET /repositories/{id}."""

import hashlib
import time

from .answer import DOCS, Answer, Body, message, not_found
from .model import FORBIDDEN, GONE, LEGAL, PUBLIC, rfc3339
from .render import full_json

FOLLOW_DOCS = DOCS + "/guides/best-practices-for-using-the-rest-api#follow-redirects"


class Repos:
    """Call with the world's lock held."""

    def __init__(self, world, recorded):
        self.world, self.recorded = world, recorded

    def by_name(self, request, owner, name):
        full_name = f"{owner}/{name}"
        recorded = self.recorded.full(full_name)
        if recorded is not None:
            return _conditional(request, recorded, [])
        repo = self.world.by_name.get(full_name.lower())
        if repo is not None:
            return self._answer(request, repo)
        return moved(request, self.world.redirected(full_name))

    def by_id(self, request, number):
        recorded = self.recorded.full(int(number))
        if recorded is not None:
            return _conditional(request, recorded, [])
        repo = self.world.repositories.get(int(number))
        return not_found() if repo is None else self._answer(request, repo)

    def _answer(self, request, repo):
        if repo.status != PUBLIC:
            return hidden(repo)
        changed = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(repo.updated_at))
        return _conditional(request, full_json(repo, self.world.parent_of(repo)),
                            [("Last-Modified", changed)])


def moved(request, repo, tail=""):
    """Where the repository that once had the name is found now, if it is."""
    if repo is None or repo.status == GONE:
        return not_found()
    query = f"?{request.query}" if tail and request.query else ""
    location = f"{request.base_url}/repositories/{repo.id}{tail}{query}"
    answer = message(301, "Moved Permanently", FOLLOW_DOCS, url=location)
    answer.headers.append(("Location", location))
    return answer


def hidden(repo):
    """The answer for a repository that is not public."""
    if repo.status == GONE:
        return not_found()
    since = rfc3339(repo.status_since)
    if repo.status == LEGAL:
        block = {"reason": "dmca", "created_at": since,
                 "html_url": f"https://github.com/github/dmca/blob/master/{since[:4]}/notice.md"}
    else:
        assert repo.status == FORBIDDEN
        block = {"reason": "tos", "created_at": since, "html_url": "https://github.com/contact"}
    return message(repo.status, "Repository access blocked", block=block)


def _conditional(request, text, headers):
    etag = hashlib.sha256(f"{request.identity}\n{text}".encode()).hexdigest()
    return conditional(request, etag, headers, lambda: text)


def conditional(request, tag, headers, text):
    """Weak ETags that differ from token to token; a 304 is free only with a token. `text` makes the body."""
    etag = f'W/"{tag}"'
    scope = "private" if request.authenticated else "public"
    headers = [("Cache-Control", f"{scope}, max-age=60, s-maxage=60"), ("ETag", etag), *headers]
    asked = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    if etag in asked or etag[2:] in asked or "*" in asked:
        return Answer(304, Body(b""), headers, free=request.authenticated)
    return Answer(200, Body(text()), headers)
