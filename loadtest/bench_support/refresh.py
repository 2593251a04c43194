"""How long it takes to make the hot answers of 100 topics of 1,000 repositories anew."""

import statistics
import time

from stack import Stack

from .processes import Broken

TOPICS, REPOSITORIES = 100, 1000
ANSWERS_A_TOPIC = 8

# Written as a publication of a collected topic writes them; numbers and names made up, stars as unequal as on GitHub.
DIGITS = "(" + " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10)) + ")"
NUMBERS = f"(SELECT a.digit + 10 * b.digit + 100 * c.digit AS number FROM {DIGITS} a, {DIGITS} b, {DIGITS} c)"
STATEMENTS = (
    f"""
    INSERT INTO topics (name, added_at, requested, next_poll_at, published_at, repositories_count, reported_count, complete)
    SELECT CONCAT('bench-', number), NOW(6), TRUE, NOW(6) + INTERVAL 1 DAY, NOW(6), {REPOSITORIES}, {REPOSITORIES}, TRUE
    FROM {NUMBERS} numbers WHERE number < {TOPICS} ORDER BY number""",
    f"""
    INSERT INTO repositories (id, full_name, html_url, description, language, license, fork, archived, stargazers_count, forks_count,
      open_issues_count, created_at, updated_at, pushed_at, fetched_at)
    SELECT id, full_name, CONCAT('https://github.com/', full_name), CONCAT('What the repository ', full_name, ' is for, in some words'),
      ELT(1 + id % 5, 'Go', 'Python', 'C++', 'Rust', 'TypeScript'), 'mit', FALSE, id % 50 = 0, 1 + 90000 DIV (1 + number), 1 + 9000 DIV (1 + number),
      id % 300, NOW(6) - INTERVAL 3000 DAY, NOW(6) - INTERVAL id % 900 HOUR, NOW(6) - INTERVAL id % 800 HOUR, NOW(6)
    FROM (SELECT 1000000 + t.id * {REPOSITORIES} + number AS id, number, CONCAT('owner-', number, '/', t.name, '-repository-', number) AS full_name
          FROM topics t, {NUMBERS} numbers WHERE t.name LIKE 'bench-%' AND number < {REPOSITORIES}) made
    ORDER BY id""",
    "INSERT INTO repository_names (name, repository_id, seen_at) SELECT LOWER(full_name), id, fetched_at FROM repositories ORDER BY 1",
    f"""
    INSERT INTO topic_repositories (topic_id, repository_id, first_seen_at)
    SELECT (id - 1000000) DIV {REPOSITORIES}, id, fetched_at FROM repositories ORDER BY 1, 2""",
    *(f"""
    INSERT INTO repository_snapshots (repository_id, day, stargazers_count, forks_count, open_issues_count)
    SELECT id, DATE(fetched_at) - INTERVAL {days} DAY, stargazers_count - {days} * stargazers_count DIV 100, forks_count, open_issues_count
    FROM repositories ORDER BY id""" for days in (7, 0)),
    """
    INSERT INTO repository_activity (repository_id, score, issue_comments, issues_opened, pull_requests_opened, review_comments,
      pull_requests_merged, actors, computed_at)
    SELECT id, SQRT(stargazers_count), 9, 5, 4, 3, 2, 7, NOW(6) FROM repositories WHERE id % 3 = 0 ORDER BY id""",
)


def refresh_seconds(stack):
    began = time.perf_counter()
    answer = stack.maintenance("refresh-cache", wait=300)
    seconds = time.perf_counter() - began
    job = answer.json().get("data", {}) if answer.status == 200 else {}
    answers = job.get("counts", {}).get("answers", 0)
    if job.get("state") != "succeeded" or answers < TOPICS * ANSWERS_A_TOPIC:
        raise Broken(f"refreshing {TOPICS} topics: {answer.status} {answer.text[:500]}")
    return round(seconds, 3), answers


def measure(quick):
    with Stack(demo=False, env={"COLLECT": "off", "GITHUB_API_URL": "http://127.0.0.1:9", "CLIENT_RATE_LIMIT": "0"}) as stack:
        stack.stop_part("cron")
        for statement in STATEMENTS:
            stack.sql(statement)
        page = stack.get("/api/v1/topics/bench-7/repositories").json()
        if page["meta"]["total"] != REPOSITORIES or "growth" not in page["data"][0]:
            raise Broken(f"the rows written are not those of {REPOSITORIES} repositories: {page}")
        found = [refresh_seconds(stack) for _ in range(3 if quick else 5)]
    return {"refresh_seconds_100_topics": statistics.median(seconds for seconds, _ in found),
            "refresh": {"topics": TOPICS, "repositories_each": REPOSITORIES, "runs": [seconds for seconds, _ in found], "answers": found[0][1]}}
