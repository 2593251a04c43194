"""What the HTTP contract promises, as tests need it: rows made from the truth, orders, problems, pages."""

import datetime
import email.utils
import re

from stack import wait_until

PREDECESSOR_FIELDS = {"full_name", "html_url", "id", "language", "name", "pushed_at", "stargazers_count", "updated_at"}
REPOSITORY_FIELDS = ("id", "full_name", "owner", "name", "html_url", "description", "language", "license", "fork", "archived",
                     "stargazers_count", "forks_count", "open_issues_count", "created_at", "updated_at", "pushed_at")
TIMES = ("created_at", "updated_at", "pushed_at")
PREDECESSOR_MAX = 500


def moment(text):
    """An RFC 3339 time as a datetime; None stays None."""
    return None if text is None else datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def http_date(text):
    """2024-05-07T08:45:17Z -> Tue, 07 May 2024 08:45:17 GMT."""
    return None if text is None else email.utils.format_datetime(moment(text).astimezone(datetime.timezone.utc), usegmt=True)


def _seconds(row, name):
    """Sort key: newest first, never last."""
    return -moment(row[name]).timestamp() if row[name] else float("inf")


def by_id(rows):
    return sorted(rows, key=lambda row: row["id"])


def by_stars(rows):
    return sorted(rows, key=lambda row: (-row["stargazers_count"], row["id"]))


def by_updated(rows):
    return sorted(rows, key=lambda row: (_seconds(row, "updated_at"), row["id"]))


def by_pushed(rows):
    return sorted(rows, key=lambda row: (_seconds(row, "pushed_at"), row["id"]))


def by_created(rows):
    return sorted(rows, key=lambda row: (_seconds(row, "created_at"), row["id"]))


PREDECESSOR_ORDERS = {"": by_id, "popularity/": by_stars, "activity/": by_updated}
RANKING_ORDERS = {"popularity": by_stars, "activity": by_pushed, "newest": by_created, "updated": by_updated}


def predecessor_row(truth):
    return {
        "full_name": truth["full_name"], "html_url": f"https://github.com/{truth['full_name']}", "id": truth["id"],
        "language": truth["language"], "name": truth["name"], "pushed_at": http_date(truth["pushed_at"]),
        "stargazers_count": truth["stargazers_count"], "updated_at": http_date(truth["updated_at"]),
    }


def predecessor_list(truth, order):
    return [predecessor_row(row) for row in order(truth)[:PREDECESSOR_MAX]]


def v1_row(truth):
    """The repository's own members in /api/v1; times as moments, so that their precision does not matter."""
    row = {name: truth.get(name) for name in REPOSITORY_FIELDS}
    row["html_url"] = f"https://github.com/{truth['full_name']}"
    return with_moments(row)


def v1_part(row):
    """The same members of an answer's row."""
    missing = set(REPOSITORY_FIELDS) - set(row)
    assert not missing, missing
    for name in TIMES:
        assert row[name] is None or row[name].endswith("Z"), row[name]
    return with_moments({name: row[name] for name in REPOSITORY_FIELDS})


def with_moments(row):
    return {name: moment(value) if name in TIMES else value for name, value in row.items()}


def next_link(answer):
    """The target of Link rel="next"; None on the last page."""
    found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return found[1] if found else None


def all_pages(get, path):
    """The answers of a list from its first page to its last; a list that never ends is an error."""
    answers = []
    while path:
        answers.append(get(path))
        assert answers[-1].status == 200, answers[-1].text
        assert len(answers) <= 200, "the list does not end"
        path = next_link(answers[-1])
    return answers


def all_rows(get, path):
    return [row for answer in all_pages(get, path) for row in answer.json()["data"]]


def assert_problem(answer, status):
    """RFC 9457, with the request's id as instance. Returns the problem."""
    assert answer.status == status, (answer.status, answer.text[:500])
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    for name in ("type", "title", "detail"):
        assert isinstance(problem[name], str) and problem[name], name
    if "x-request-id" in answer.headers:  # a replica asked past the proxy has no id of the proxy's
        assert problem["instance"] and problem["instance"] == answer.headers["x-request-id"]
    for error in problem.get("errors", []):
        assert isinstance(error["parameter"], str) and isinstance(error["value"], str) and error["allowed"], error
    return problem


def assert_parameters(answer, *names):
    """400 that names exactly these parameters."""
    problem = assert_problem(answer, 400)
    assert sorted(error["parameter"] for error in problem["errors"]) == sorted(names)
    return problem


def of_one_state(ask, by="last-modified", timeout=10.0):
    """ask()'s answers, which a test compares with one another, once all of them tell of the same state of the data.

    The proxy and each replica keep every variant of an answer for a time of its own, so a refresh may come between two requests. An
    answer says in Last-Modified how old its data are; where data change within a second, go `by` the ETag, of answers in one encoding.
    """
    def told():
        answers = list(ask())
        return answers if len({answer.headers.get(by) for answer in answers}) == 1 else None
    return wait_until(told, timeout, what=f"answers that agree in {by}")


def settled(service, path):
    """The proxy's answer, once it is that of both replicas: none of them is about to be renewed."""
    return of_one_state(lambda: [service.get(path), *(service.ask(name, path) for name in ("a", "b"))], by="etag")[0]


def served(service, topic, replica="a"):
    """A topic's whole ranking by stars as one replica has it; None while it is answered otherwise."""
    rows, path = [], f"/api/v1/topics/{topic}/repositories?per_page=100"
    while path:
        answer = service.ask(replica, path)
        if answer.status != 200:
            return None
        rows += answer.json()["data"]
        path = next_link(answer)
    return [v1_part(row) for row in rows]


def truth_rows(service, topic):
    return [v1_row(row) for row in by_stars(service.github.truth(topic))]


def assert_served_is_truth(service, *topics, timeout=10.0):
    """Both replicas come to serve what GitHub has; they may be a moment behind."""
    for topic in topics:
        wanted = truth_rows(service, topic)
        for replica in ("a", "b"):
            wait_until(lambda: served(service, topic, replica) == wanted, timeout, what=f"{topic} at {replica} to be as on GitHub")


def assert_stored_is_truth(service, *topics):
    """The same of topics of at most 500, straight from the database: nothing of it may be late."""
    for topic in topics:
        truth = service.github.truth(topic)
        assert len(truth) <= PREDECESSOR_MAX
        assert service.ask("a", f"/db/popularity/{topic}").json() == predecessor_list(truth, by_stars)
        assert service.ask("b", f"/db/{topic}").json() == predecessor_list(truth, by_id)
