"""A browser, and the stacks whose pages it looks at."""

import datetime

import pytest
from browser import Browser
from stack import Stack, wait_until

HISTORY_DAYS = 40


@pytest.fixture(scope="session")
def browser(packages):
    running = Browser()
    yield running
    running.close()


@pytest.fixture(scope="session")
def demo(packages):
    """A demo stack that collects when a test says so, with forty days of made-up history for the most starred repositories."""
    with Stack(sim_options="--start-time now --topic kubernetes=300 --topic terraform=40 --seed 7 --no-limits --quiet") as running:
        running.stop_part("cron")
        assert running.maintenance("collect").status == 200  # or joins the run that brings the first events
        wait_until(lambda: running.get("/api/v1/events/counts?minutes=60").json()["data"], what="events")
        running.history = give_history(running)
        yield running


def give_history(running, repositories=20):
    """{full name: [stars of each day]} of the history given, the newest day last; today's own stays as it was collected."""
    # Another question than the page's, whose answer would be kept as it was before.
    rows = running.get(f"/api/v1/topics/kubernetes/repositories?per_page={repositories + 1}").json()["data"][:repositories]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    given, values = {}, []
    for place, row in enumerate(rows):
        stars = [row["stargazers_count"] - back * (place + 1) for back in range(HISTORY_DAYS, 0, -1)]
        given[row["full_name"]] = [*stars, row["stargazers_count"]]
        values += [f"({row['id']}, '{today - datetime.timedelta(days=HISTORY_DAYS - index)}', {max(0, count)}, {index}, {place})"
                   for index, count in enumerate(stars)]
    running.sql("INSERT IGNORE INTO repository_snapshots (repository_id, day, stargazers_count, forks_count, open_issues_count) VALUES "
                + ", ".join(values))
    assert running.maintenance("refresh-cache").status == 200
    return given


def give_up(stack, *names):
    """Tracks these topics no longer, and then none is left."""
    for name in names:
        assert stack.admin("DELETE", f"/api/v1/topics/{name}").status == 204
    assert stack.sql("SELECT name FROM topics WHERE configured OR requested") == []
    wait_until(lambda: not stack.get("/api/v1/topics?per_page=100").json()["data"], what="no topic")


@pytest.fixture(scope="session")
def bare(packages):
    """A stack that collects nothing and has nothing."""
    with Stack(demo=False, env={"COLLECT": "off", "TOPICS": "", "GITHUB_API_URL": "http://127.0.0.1:9"}) as running:
        wait_until(lambda: running.get("/api/v1/topics/kubernetes").status == 200, what="the topic of the defaults")
        running.give_up = lambda *names: give_up(running, *names)
        running.give_up("kubernetes")
        yield running
