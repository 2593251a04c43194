"""Answers that nothing has cached: each endpoint's time for targets that differ, Redis emptied before each request."""

import random
import time

import redis

from stack import request, wait_until

from . import replicas
from .processes import Broken

REPOSITORIES = 200_000
TYPES = ["PushEvent", "WatchEvent", "IssuesEvent", "PullRequestEvent", "IssueCommentEvent", "PublicEvent"]
COMPUTED_MIN = 0.99
WARMING_ROUNDS = 20  # the database has just been started
COMPARED_RANKS = 1_000
RANKS_IN_PROPORTION = 20_000
HOURS_IN_PROPORTION = 160


def repository(rng, ranks=REPOSITORIES, scale=1):
    """A name with the weight that it has among the events: busy ones are asked for more often. A repository has as many events as one of a
    rank `scale` times as high among so many times as many events."""
    rank = scale * int((ranks + 1) ** rng.random())
    return f"owner-{rank % 9973}/repository-{rank}"


def compared(rng, number):
    """Names of different ones that have events at any size."""
    names = {}
    while len(names) < number:
        names[repository(rng, COMPARED_RANKS)] = None
    return ",".join(names)


def targets(rng, scale):
    """Endpoint -> a target of it; another one at each call. scale: how many times the smaller number of events is stored: lists
    of all that have more than so many events get longer with it, and repositories have more to be told of, unless they are asked for in
    proportion."""
    repo, kind = repository(rng), rng.choice(TYPES)
    alike = repository(rng, RANKS_IN_PROPORTION, scale)
    since = f"2026-{rng.randrange(8, 11):02}-{rng.randrange(4, 28):02}T00:00:00Z"
    return {
        "v1 events of a repository": f"/api/v1/repos/{repo}/events?per_page=100",
        "v1 events, in proportion": f"/api/v1/repos/{alike}/events?per_page=100",
        "v1 events by type": f"/api/v1/repos/{repo}/events?type={kind}&since={since}",
        "v1 activity": f"/api/v1/repos/{repo}/activity",
        "v1 activity, in proportion": f"/api/v1/repos/{alike}/activity",
        "v1 activity history": f"/api/v1/repos/{repo}/activity/history?bucket=day&from=2026-08-04&to=2026-10-31",
        "v1 history, in proportion": f"/api/v1/repos/{alike}/activity/history?bucket=day&from=2026-08-04&to=2026-10-31",
        "v1 counts": f"/api/v1/events/counts?minutes={rng.randrange(1, 43200)}",
        "v1 counts of a repository": f"/api/v1/events/counts?minutes={rng.randrange(1, 43200)}&repo={repo}",
        "v1 intervals": f"/api/v1/events/intervals?type={kind}",
        "v1 intervals of a repository": f"/api/v1/events/intervals?type={kind}&repo={repo}",
        "v1 repositories": f"/api/v1/events/repositories?type={kind}&min_count={rng.randrange(2, 50)}",
        "v1 repositories of an hour": f"/api/v1/events/repositories?type={kind}&min_count=2&minutes={rng.randrange(30, 90)}",
        "the same, in proportion": f"/api/v1/events/repositories?type={kind}&min_count={2 * scale}&minutes={rng.randrange(30, 90)}",
        "v1 history of all by minute": f"/api/v1/events/history?minutes={rng.randrange(30, 121)}",
        "v1 trending of an hour": "/api/v1/trending?hours=1",
        "v1 trending": "/api/v1/trending",
        "v1 trending of a week": "/api/v1/trending?hours=168",
        "v1 trending, in proportion": f"/api/v1/trending?hours={HOURS_IN_PROPORTION // scale}",
        "v1 trending feed": "/api/v1/trending.atom",
        "v1 health": f"/api/v1/repos/{repo}/health",
        "v1 health, in proportion": f"/api/v1/repos/{alike}/health",
        "v1 comparison of five": f"/api/v1/compare?repos={compared(rng, 5)}",
        "v1 comparison of twenty": f"/api/v1/compare?repos={compared(rng, 20)}",
        "v1 badge": f"/api/v1/repos/{repo}/badge/events.svg",
        "v1 chart": f"/api/v1/repos/{repo}/chart/events.svg",
        "v1 published": "/api/v1/events/published",
        "v1 coverage": "/api/v1/coverage",
        "events?offset": f"/events?offset={rng.randrange(1, 10000)}",
        "public_repositories": "/public_repositories",
        "average_pr_time": f"/api/metrics/average_pr_time/{repo}",
        "event_counts": f"/api/metrics/event_counts/{rng.randrange(1, 120)}",
        "events_per_minute_image": f"/api/metrics/events_per_minute_image/{rng.randrange(1, 120)}",
        "event-avg-time": f"/metrics/event-avg-time?event_type={kind}&repository_name={repo}",
        "events-total-count": f"/metrics/events-total-count?offset={rng.randrange(60, 86400)}",
        "multiple-events-repos": f"/metrics/multiple-events-repos?event_type={kind}&minimal_events_count={rng.randrange(100, 1000)}",
        "multiple-events, in proportion": f"/metrics/multiple-events-repos?event_type={kind}&minimal_events_count={scale * rng.randrange(100, 1000)}",
        "predecessor's events": f"/api/repos/{repo}/events/?per_page=50",
        "predecessor's stats": f"/api/repos/{repo}/events/stats/",
    }


def endpoints():
    return set(targets(random.Random(0), 1))


def settle(stack):
    """What an import has left to be written is written, and is not what answers have to wait for."""
    stack.stop_part("database")
    stack.start_part("database")
    url = stack.api_url(0)
    wait_until(lambda: request(url + "/readyz").status == 200, what="the database")
    wait_until(lambda: "load completed" in buffer_pool_load(stack), timeout=120, what="the database's pages")


def buffer_pool_load(stack):
    return str(stack.sql("SHOW STATUS LIKE 'Innodb_buffer_pool_load_status'"))


def ask(url, database, target):
    """Milliseconds and status of one request with nothing cached. The replica hears from Redis that it was emptied, and does not say when."""
    database.flushall()
    time.sleep(0.002)
    began = time.perf_counter()
    answer = request(url + target)
    milliseconds = 1000 * (time.perf_counter() - began)
    if answer.status not in (200, 400, 404):  # a repository without events, or with fewer than two of the type
        raise Broken(f"{target}: {answer.status} {answer.text[:300]}")
    return milliseconds, answer.status


def measure(stack, requests, scale):
    """Endpoint -> milliseconds of each request."""
    settle(stack)
    watched = replicas.Replicas(replicas.of_stack(stack).addresses[:1], [])
    url, database = f"http://{watched.addresses[0]}", redis.Redis(unix_socket_path=str(stack.redis_socket))
    rng, seen, asked, before = random.Random(7), {}, 0, watched.reads()
    for round_number in range(requests + WARMING_ROUNDS):
        for name, target in targets(rng, scale).items():
            milliseconds, status = ask(url, database, target)
            asked += status == 200
            if round_number >= WARMING_ROUNDS and status == 200:
                seen.setdefault(name, []).append(milliseconds)
    after = watched.reads()
    computed = after["computed"] - before["computed"]
    if computed < COMPUTED_MIN * asked:
        raise Broken(f"of {asked} answers only {computed} were computed, the others came from a cache: {before}, {after}")
    return seen
