"""GET /events, GET /repos/{owner}/{repo}/events, GET /repositories/{id}/events."""

import hashlib
import time

from .answer import DOCS, message, not_found, page_links
from .eventfeed import FEED_MAX
from .model import PUBLIC
from .repos import conditional, hidden, moved

PER_PAGE, PER_PAGE_MAX = 30, 100


class Events:
    """Call with the world's lock held. `source` has newest(), shown(), mark(), text() and created()."""

    def __init__(self, world, source, poll_interval=60):
        self.world, self.source, self.poll_interval = world, source, poll_interval

    def public(self, request):
        return self._page(request, None, "/events")

    def by_name(self, request, owner, name):
        full_name = f"{owner}/{name}"
        repo = self.world.by_name.get(full_name.lower())
        if repo is not None:
            return self._of(request, repo)
        return moved(request, self.world.redirected(full_name), "/events")

    def by_id(self, request, number):
        repo = self.world.repositories.get(int(number))
        return not_found() if repo is None else self._of(request, repo)

    def _of(self, request, repo):
        if repo.status != PUBLIC:
            return hidden(repo)
        return self._page(request, repo, f"/repositories/{repo.id}/events")

    def _page(self, request, repo, path):
        per_page = min(_positive(request.params.get("per_page"), PER_PAGE), PER_PAGE_MAX)
        page = _positive(request.params.get("page"), 1)
        if (page - 1) * per_page >= FEED_MAX:
            return message(422, "In order to keep the API fast for all users, pagination is limited for this resource.",
                           DOCS + "/using-the-rest-api/using-pagination-in-the-rest-api")
        entries = self.source.newest(int(request.now), repo)
        start = (max(1, page - 1) if request.repeat_page else page) * per_page - per_page
        # What may not be shown is left out of the page that it is on: pages of 96, and yet another one follows.
        shown = [entry for entry in entries[start:start + per_page] if self.source.shown(entry)]
        marks = "\n".join(self.source.mark(entry) for entry in shown)
        etag = hashlib.sha256(f"{request.identity}\n{path}\n{page} {per_page}\n{marks}".encode()).hexdigest()
        headers = [("X-Poll-Interval", str(self.poll_interval))]
        link = page_links(request, path, page, -(-len(entries) // per_page))
        if link:
            headers.append(("Link", link))
        if shown:
            newest = max(self.source.created(entry) for entry in shown)
            headers.append(("Last-Modified", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(newest))))
        return conditional(request, etag, headers,
                           lambda: "[" + ",".join(self.source.text(entry) for entry in shown) + "]")


def _positive(text, default):
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 and int(text) else default
