"""GET /search/repositories."""

from collections import OrderedDict

from . import query as queries
from .answer import DOCS, Answer, Body, message, page_links
from .render import item_json

RESULTS_MAX = 1000
PER_PAGE_MAX = 100
SEARCH_DOCS = DOCS + "/search/search#search-repositories"
SORTS = {"stars": "stargazers_count", "forks": "forks_count", "updated": "updated_at"}
_KEPT_LISTS, _KEPT_PAGES = 64, 48


class Kept:
    """The results used last, as long as the world has not changed."""

    def __init__(self, size_max):
        self._size_max, self._version, self._values = size_max, None, OrderedDict()

    def get(self, version, key, make):
        if version != self._version:
            self._values.clear()
            self._version = version
        if key in self._values:
            self._values.move_to_end(key)
        else:
            self._values[key] = make()
            if len(self._values) > self._size_max:
                self._values.popitem(last=False)
        return self._values[key]


class Search:
    """Call with the world's lock held."""

    def __init__(self, world, evolution, recorded):
        self.world, self.evolution, self.recorded = world, evolution, recorded
        self._lists, self._pages = Kept(_KEPT_LISTS), Kept(_KEPT_PAGES)

    def answer(self, request):
        """Answers a request for repositories; `request` has params, base_url and now."""
        params = request.params
        try:
            query = queries.parse(params.get("q", ""))
        except queries.QueryError as error:
            return _invalid(str(error))
        per_page = min(_positive(params.get("per_page"), 30), PER_PAGE_MAX)
        page = _positive(params.get("page"), 1)
        if (page - 1) * per_page >= RESULTS_MAX:
            return message(422, "Only the first 1000 search results are available",
                           "https://docs.github.com/v3/search/")
        order = (SORTS.get(params.get("sort"), "stargazers_count"), params.get("order") != "asc")
        recording = self.recorded.for_query(query)
        if recording is not None:
            return _answer(recording.page(query, page, *order))
        return self._page(request, query, order, per_page, page)

    def _page(self, request, query, order, per_page, page):
        for topic in query.topics:
            if self.world.ensure_topic(topic):
                self.evolution.follow(topic)
                self.evolution.run_until(request.now)
        version = self.world.version
        results = self._lists.get(version, (query, order), lambda: self._results(query, *order))
        start = (page - 1) * per_page
        body = self._pages.get(version, (query, order, per_page, page), lambda: _body(
            results, start, min(start + per_page, RESULTS_MAX)))
        answer = _answer(body)
        link = page_links(request, request.path, page, -(-min(len(results), RESULTS_MAX) // per_page))
        if link:
            answer.headers.append(("Link", link))
        return answer

    def _results(self, query, attribute, descending):
        world = self.world
        if query.topics:
            found = world.members(query.topics[0])
            for topic in query.topics[1:]:
                others = world.topics.get(topic, {})
                found = [repo for repo in found if repo.id in others]
        else:
            found = [repo for repo in world.repositories.values() if repo.status == 200]
        found = [repo for repo in found if query.matches(repo)]
        # Which of two repositories with as many stars comes first is nothing a client may expect.
        found.sort(key=lambda repo: (getattr(repo, attribute), repo.tie), reverse=descending)
        return found


def _body(results, start, end):
    items = ",".join(item_json(repo) for repo in results[start:end])
    return Body(f'{{"total_count":{len(results)},"incomplete_results":false,"items":[{items}]}}')


def _answer(body):
    return Answer(200, body, [("Cache-Control", "no-cache")])


def _positive(text, default):
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 \
        and int(text) else default


def _invalid(text):
    error = {"resource": "Search", "field": "q", "code": "missing"} if text == "missing" else {
        "message": text, "resource": "Search", "field": "q", "code": "invalid"}
    return message(422, "Validation Failed", SEARCH_DOCS, errors=[error])
