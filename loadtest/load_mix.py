"""What the clients of a load test ask for: every way to read the service, each with its weight.

Pure: no Locust, no network. A `World` says which topics and repositories there are.
"""

import dataclasses
import itertools
import urllib.parse

EVENT_TYPES = ("PushEvent", "PullRequestEvent", "IssuesEvent", "WatchEvent", "IssueCommentEvent")
METRIC_TYPES = ("PullRequestEvent", "IssuesEvent", "WatchEvent")
MINUTES = (10, 30, 60, 120)
SORTS = ("popularity", "activity", "trending", "newest", "updated")
BADGES = ("stars", "forks", "issues", "growth", "activity", "events")
CHARTS = ("stars", "forks", "issues", "events")


@dataclasses.dataclass
class World:
    """What there is to ask about. `repositories` are (id, "owner/name"); `followed` are names whose events are collected."""

    topics: list
    repositories: list
    followed: list

    def topic(self, rng):
        return rng.choice(self.topics)

    def repository(self, rng):
        """A name; the first of a list are asked for most, as they are by people."""
        return self.repositories[_near_the_front(rng, len(self.repositories))][1]

    def repository_id(self, rng):
        return self.repositories[_near_the_front(rng, len(self.repositories))][0]

    def followed_one(self, rng):
        return self.followed[_near_the_front(rng, len(self.followed))] if self.followed else self.repository(rng)


def _near_the_front(rng, size):
    return min(int(size * rng.random() ** 3), size - 1)


@dataclasses.dataclass(frozen=True)
class Ask:
    """One kind of request. `statuses` are the contract's answers; an error of the service is a success where it is one of them."""

    route: str      # as in the service's table of routes
    weight: int
    target: object  # (world, rng) -> path and query
    statuses: tuple = (200,)
    label: str = ""
    method: str = "GET"

    @property
    def name(self):
        return f"{self.route} {self.label}".strip()


def _query(**parameters):
    return "?" + urllib.parse.urlencode(parameters)


def _fixed(path):
    return lambda world, rng: path


def _topic(pattern):
    return lambda world, rng: pattern.format(world.topic(rng))


def _followed(pattern):
    return lambda world, rng: pattern.format(world.followed_one(rng))


def _ranking(world, rng):
    return f"/api/v1/topics/{world.topic(rng)}/repositories" + _query(sort=rng.choice(SORTS))


def _filtered_ranking(world, rng):
    asked = {"per_page": rng.choice((10, 30, 100)), "min_stars": rng.choice((0, 10, 100)), "format": rng.choice(("json", "csv", "ndjson"))}
    return f"/api/v1/topics/{world.topic(rng)}/repositories" + _query(**asked)


def _lists():
    for part in ("", "/popularity", "/activity"):
        yield Ask(f"/api{part}/{{topic}}", 8 if part else 3, _topic(f"/api{part}/{{}}"))
        yield Ask(f"/db{part}/{{topic}}", 1, _topic(f"/db{part}/{{}}"))
    yield Ask("/api/popularity/{topic}", 1, _topic("/api/popularity/{}"), label="HEAD", method="HEAD")


def _v1():
    repository = "/api/v1/repos/{owner}/{repo}"
    yield Ask("/api/v1/topics", 3, _fixed("/api/v1/topics"))
    yield Ask("/api/v1/topics/{topic}", 3, _topic("/api/v1/topics/{}"))
    yield Ask("/api/v1/topics/{topic}/repositories", 8, _ranking)
    yield Ask("/api/v1/topics/{topic}/repositories", 3, _filtered_ranking, label="filtered")
    yield Ask("/api/v1/repos", 2, _fixed("/api/v1/repos"))
    yield Ask(repository, 6, lambda world, rng: f"/api/v1/repos/{world.repository(rng)}")
    yield Ask(repository + "/popularity/history", 2, lambda world, rng: f"/api/v1/repos/{world.repository(rng)}/popularity/history")
    # 202: it is followed since a moment ago, and nothing has been collected yet.
    yield Ask(repository + "/events", 4, _followed("/api/v1/repos/{}/events"), (200, 202))
    yield Ask(repository + "/activity", 4, _followed("/api/v1/repos/{}/activity"), (200, 202))
    yield Ask(repository + "/activity/history", 2, _followed("/api/v1/repos/{}/activity/history"), (200, 202))
    yield Ask("/api/v1/events/counts", 4, lambda world, rng: "/api/v1/events/counts" + _query(minutes=rng.choice(MINUTES)))
    yield Ask("/api/v1/events/history", 2, lambda world, rng: "/api/v1/events/history" + _query(
        minutes=rng.choice(MINUTES), type=rng.choice((None, *EVENT_TYPES))))
    yield Ask("/api/v1/events/intervals", 2, lambda world, rng: "/api/v1/events/intervals" + _query(type=rng.choice(EVENT_TYPES)))
    yield Ask("/api/v1/events/repositories", 2, lambda world, rng: "/api/v1/events/repositories" + _query(
        type=rng.choice(EVENT_TYPES), min_count=rng.choice((1, 2, 5)), minutes=rng.choice(MINUTES)))
    yield Ask("/api/v1/events/published", 1, _fixed("/api/v1/events/published"))
    yield Ask("/api/v1/coverage", 1, _fixed("/api/v1/coverage"))
    yield Ask("/api/v1/trending", 2, lambda world, rng: "/api/v1/trending" + _query(hours=rng.choice((1, 24, 168))))
    yield Ask("/api/v1/compare", 1, lambda world, rng: "/api/v1/compare" + _query(
        repos=",".join(dict.fromkeys(world.repository(rng) for _ in range(rng.randrange(1, 5))))))
    yield Ask(repository + "/health", 2, _followed("/api/v1/repos/{}/health"), (200, 202))
    yield Ask(repository + "/badge/{metric}.svg", 2, lambda world, rng: f"/api/v1/repos/{world.repository(rng)}/badge/{rng.choice(BADGES)}.svg")
    yield Ask(repository + "/badge/{metric}.json", 1, lambda world, rng: f"/api/v1/repos/{world.repository(rng)}/badge/{rng.choice(BADGES)}.json")
    yield Ask(repository + "/chart/{series}.svg", 2, lambda world, rng: f"/api/v1/repos/{world.repository(rng)}/chart/{rng.choice(CHARTS)}.svg")
    yield Ask("/api/v1/topics/{topic}/feed.atom", 1, _topic("/api/v1/topics/{}/feed.atom"))
    yield Ask("/api/v1/topics/{topic}/feed.json", 1, _topic("/api/v1/topics/{}/feed.json"))
    yield Ask("/api/v1/trending.atom", 1, _fixed("/api/v1/trending.atom"))
    yield Ask("/api/v1/trending/feed.json", 1, _fixed("/api/v1/trending/feed.json"))


def _predecessors():
    yield Ask("/test", 1, _fixed("/test"))
    yield Ask("/health", 1, _fixed("/health"))
    yield Ask("/pull_requests/{repo_id}", 2, lambda world, rng: f"/pull_requests/{world.repository_id(rng)}")
    yield Ask("/events", 3, lambda world, rng: "/events" + _query(offset=rng.choice(MINUTES)))
    yield Ask("/public_repositories", 1, _fixed("/public_repositories"))
    yield Ask("/api/metrics/average_pr_time/{owner}/{repo}", 2, _followed("/api/metrics/average_pr_time/{}"))
    yield Ask("/api/metrics/average_pr_time/{repository}", 1, lambda world, rng: "/api/metrics/average_pr_time/"
              + urllib.parse.quote(world.followed_one(rng), safe=""))
    yield Ask("/api/metrics/event_counts/{minutes}", 2, lambda world, rng: f"/api/metrics/event_counts/{rng.choice(MINUTES)}")
    yield Ask("/api/metrics/events_per_minute_image/{minutes}", 2,
              lambda world, rng: f"/api/metrics/events_per_minute_image/{rng.choice(MINUTES)}")
    yield Ask("/metrics/event-avg-time", 2, lambda world, rng: "/metrics/event-avg-time" + _query(event_type=rng.choice(METRIC_TYPES)),
              (200, 400))  # 400: fewer than two such events
    yield Ask("/metrics/events-total-count", 2, lambda world, rng: "/metrics/events-total-count" + _query(
        offset=60 * rng.choice(MINUTES)))
    yield Ask("/metrics/multiple-events-repos", 1, lambda world, rng: "/metrics/multiple-events-repos" + _query(
        event_type=rng.choice(METRIC_TYPES), minimal_events_count=rng.choice((2, 5))))
    yield Ask("/visualization/event-avg-time", 1, lambda world, rng: "/visualization/event-avg-time" + _query(
        event_type=rng.choice(METRIC_TYPES)))
    yield Ask("/visualization/events-total-count", 1, lambda world, rng: "/visualization/events-total-count" + _query(
        offset=60 * rng.choice(MINUTES)))
    yield Ask("/api/repos", 1, _fixed("/api/repos/"))
    yield Ask("/api/repos/active", 1, _fixed("/api/repos/active/"))
    yield Ask("/api/repos/{owner}/{repo}/events", 2, _followed("/api/repos/{}/events/"), (200, 202))
    yield Ask("/api/repos/{owner}/{repo}/events/stats", 2, _followed("/api/repos/{}/events/stats/"), (200, 202))


def _operation():
    yield Ask("/livez", 1, _fixed("/livez"))
    yield Ask("/readyz", 1, _fixed("/readyz"))


def _mistakes():
    """What clients get wrong, and the answers that they are promised."""
    yield Ask("/api/popularity/{topic}", 1, lambda world, rng: f"/api/popularity/nobody-tracks-{rng.randrange(1000)}", (404,), "not tracked")
    yield Ask("/api/v1/topics/{topic}/repositories", 1,
              lambda world, rng: f"/api/v1/topics/{world.topic(rng)}/repositories" + _query(per_page=rng.randrange(101, 999)), (400,), "wrong")
    yield Ask("/api/v1/repos/{owner}/{repo}", 1, lambda world, rng: f"/api/v1/repos/nobody/nothing-{rng.randrange(1000)}", (404,), "unknown")
    yield Ask("/metrics/events-total-count", 1, lambda world, rng: "/metrics/events-total-count" + _query(
        offset=rng.choice(("never", 0, -5))), (422,), "wrong")
    yield Ask("/api/metrics/event_counts/{minutes}", 1, lambda world, rng: f"/api/metrics/event_counts/{rng.randrange(121, 999)}", (400,), "wrong")


ASKS = (*_lists(), *_v1(), *_predecessors(), *_operation(), *_mistakes())
_BOUNDS = tuple(itertools.accumulate(ask.weight for ask in ASKS))


def choose(rng):
    """One of ASKS, by weight."""
    return rng.choices(ASKS, cum_weights=_BOUNDS)[0]
