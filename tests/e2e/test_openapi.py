"""Every operation of the API's description against the running stack: what is described is what is answered, and nothing else.

Each is asked with the examples of its parameters and with values that its schemas forbid; status, headers and body of every answer are held
against the description. At the end, whatever is described as a success has been seen, but for NOT_PROVOKED.
"""

import datetime
import itertools

import pytest
from contract import assert_problem, next_link
from openapi import Document
from service import TOKEN, Service
from simulated import SimulatedGitHub
from stack import wait_until

DOCUMENT = Document.joined()
READS = [one for one in DOCUMENT.operations if one.method == "GET"]
WRITES = [one for one in DOCUMENT.operations if one.method != "GET"]
# Described successes that come after ten minutes only.
NOT_PROVOKED = {(name, 202) for name in ("bootstrapByGet", "bootstrap", "updateCacheByGet", "updateCache")}
ABSENT = {"topic": "nobody-tracks-this", "owner": "nobody", "repo": "has-this"}
OF_A_REPOSITORY = [one for one in READS if one.path.startswith("/api/v1/repos/{owner}/{repo}")]
# What does not exist; two of the predecessors' endpoints have an answer for any name.
MISSING_IS_404 = [one for one in READS if ABSENT.keys() & {parameter.name for parameter in one.in_path()} and "average_pr_time" not in one.path]
LISTS = [one for one in READS if any(parameter.name == "cursor" for parameter in one.parameters)]


# Type, action, how often in each of the two repositories that are followed.
HAPPENED = [("PullRequestEvent", "opened", 5), ("PullRequestEvent", "closed", 2), ("IssuesEvent", "opened", 4),
            ("PushEvent", None, 7), ("PublicEvent", None, 2), ("IssueCommentEvent", "created", 3)]
ACTIVE_MAX = 4
STARS = 20
EVENTS = sum(count for _, _, count in HAPPENED) + STARS


def ids(operations):
    return pytest.mark.parametrize("operation", operations, ids=repr)


class Walk:
    """Asks, checks, and keeps what was seen."""

    def __init__(self, service):
        self.service, self.seen = service, set()

    def ask(self, operation, path=None, query=None, body=None, key=True, headers=None, more=""):
        """One request of an operation; the answer, which is as described."""
        headers = dict(headers or {})
        if operation.guarded and key:
            headers["X-API-Key"] = self.service.admin_key
        target = operation.target(path, query) + more
        if "servers" in operation.value:
            answer = self.service.ask("a", target, operation.method, headers)
        else:
            answer = self.service.request(operation.method, target, headers, body, timeout=130)
        self.seen.add((operation.id, *operation.check(answer)))
        return answer

    def success(self, operation, *arguments, **named):
        answer = self.ask(operation, *arguments, **named)
        assert answer.status < 400, (operation.target(*arguments), answer.text[:300])
        return answer


@pytest.fixture(scope="module")
def walk():
    """A topic whose best known repository has the name that the examples have, with events of each kind; one that was renamed."""
    options = ("--token", TOKEN, "--topic", "kubernetes=60", "--start-time", "now", "--plain-events", "--archive-simulated")
    with SimulatedGitHub(*options) as github:
        first, second, third, fourth = github.truth("kubernetes")[:4]
        github.mutate({"op": "rename", "repository": first["id"], "full_name": "kubernetes/kubernetes"},
                      {"op": "rename", "repository": second["id"], "full_name": "kubernetes/before"},
                      {"op": "rename", "repository": third["id"], "full_name": "kubernetes/quiet"},
                      {"op": "rename", "repository": fourth["id"], "full_name": "kubernetes/minikube"})
        begin = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name in ("kubernetes/kubernetes", "kubernetes/before"):
            github.mutate({"op": "set", "repository": name, "pushed_at": begin})
            for kind, action, count in HAPPENED:
                github.add_events(name, kind, action, count=count, created_at=begin, spread_seconds=3000, delay_seconds=0)
            for number in range(STARS):  # by as many people, as it must be for what trends
                github.add_events(name, "WatchEvent", "started", actor=f"gazer-{number}", created_at=begin, delay_seconds=0)
        settings = {"TRACK": "kubernetes/kubernetes,kubernetes/before", "TRACK_TOP": 0, "FIREHOSE": "off", "FRESH_SECONDS": 1,
                    "MAX_ACTIVE_REPOS": ACTIVE_MAX, "GHARCHIVE_URL": f"{github.url}/archive"}
        with Service(github, ["kubernetes", "empty-shelf"], **settings) as service:
            collect_until(service, lambda: all(counted(service, name) == EVENTS for name in ("kubernetes", "before")))
            github.mutate({"op": "rename", "repository": second["id"], "full_name": "kubernetes/after"})
            collect_until(service, lambda: service.get("/api/v1/repos/kubernetes/before").status == 301)
            yield Walk(service)


def counted(service, name):
    answer = service.get(f"/api/v1/events/counts?repo=kubernetes/{name}")
    return answer.json()["meta"]["sample_size"] if answer.status == 200 else 0


def collect_until(service, condition):
    def collected():
        service.collected("kubernetes")
        return condition()
    wait_until(collected, timeout=60, interval=0.5, what="what was collected")


def test_the_document_that_is_served_is_the_one_that_is_walked(walk):
    served = walk.service.get("/api/v1/openapi.json").json()
    assert {**served, "info": {**served["info"], "version": ""}} == {**DOCUMENT.value, "info": {**DOCUMENT.value["info"], "version": ""}}


# ---- Reads

@ids(READS)
def test_reads_with_the_examples(walk, operation):
    """The needed parameters alone, each other one with each of its examples, each with each format, all at once."""
    answers = [walk.success(operation)]
    formats = next((one.examples for one in operation.parameters if one.name == "format"), ())
    optional = [one for one in operation.in_query() if not one.required]
    for parameter in optional:
        answers += [walk.success(operation, query={parameter.name: value}) for value in parameter.examples]
    for form in formats:
        answers.append(walk.success(operation, query={**{one.name: one.examples[0] for one in optional if one.examples}, "format": form}))
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize("sort", ["activity", "trending"])
def test_scores_are_explained(walk, sort):
    for form in ("json", "csv", "ndjson"):
        answer = walk.success(DOCUMENT.operation("rankTopic"), query={"sort": sort, "explain": "true", "format": form})
        assert answer.status == 200 and "components" in answer.text


@ids([one for one in READS if one.cached])
def test_reads_that_were_had_before_are_304(walk, operation):
    for encoding in ("", "gzip"):
        def again():
            had = walk.success(operation, headers={"Accept-Encoding": encoding})
            answer = walk.success(operation, headers={"Accept-Encoding": encoding, "If-None-Match": had.headers["etag"]})
            return answer.status == 304  # it may just have changed
        wait_until(again, timeout=20, what="an answer that has not changed")


@ids(LISTS)
def test_lists_go_on_with_the_cursor_of_their_link(walk, operation):
    wanted = next_link(walk.success(operation, query={"per_page": 1}))
    assert wanted
    answer = walk.service.get(wanted)
    operation.check(answer)
    assert answer.status == 200 and len(answer.json()["data"]) == 1


@ids(MISSING_IS_404)
def test_what_does_not_exist_is_404(walk, operation):
    assert walk.ask(operation, path=ABSENT).status == 404


@ids(OF_A_REPOSITORY)
def test_a_former_name_leads_to_the_present_one(walk, operation):
    answer = walk.ask(operation, path={"owner": "kubernetes", "repo": "before"})
    assert answer.status == 301
    assert answer.headers["location"] == operation.target(path={"owner": "kubernetes", "repo": "after"})


# ---- Bad input

def assert_names(answer, *parameters):
    """All wrong parameters are named; of those of a picture the first, as there is room for no more."""
    if answer.headers["content-type"] == "image/svg+xml":
        assert f"{parameters[0]}:" in answer.text
    else:
        assert [error["parameter"] for error in answer.json()["errors"]] == list(parameters)


WRONG = [pytest.param(one, parameter, value, id=f"{one}-{parameter.name}-{value[:12]}") for one in READS for parameter in one.parameters
         for value in parameter.wrong()]


@pytest.mark.parametrize("operation, parameter, value", WRONG)
def test_a_value_that_is_not_allowed_is_refused(walk, operation, parameter, value):
    place = {parameter.name: value}
    answer = walk.ask(operation, **({"path": place} if parameter.place == "path" else {"query": place}))
    assert answer.status in (400, 404, 422), answer.text[:300]
    if parameter.place == "query":
        assert_names(answer, parameter.name)


@ids([one for one in DOCUMENT.operations if one.path.startswith("/api/v1/") and 400 in one.statuses()])
def test_an_unknown_parameter_and_one_given_twice_are_refused(walk, operation):
    body = {} if "requestBody" in operation.value else None
    known = [one for one in operation.in_query() if not one.only]
    query = {**{one.name: one.examples[0] for one in known[:1]}, "no_such_parameter": 1}
    more = f"&{known[0].name}={known[0].examples[0]}" if known else ""
    answer = walk.ask(operation, query=query, body=body, more=more)
    assert answer.status == 400
    assert_names(answer, *(one.name for one in known[:1]), "no_such_parameter")


@ids([one for one in READS if any(parameter.required and parameter.place == "query" for parameter in one.parameters)])
def test_what_is_needed_is_asked_for(walk, operation):
    answer = walk.service.get(operation.target().partition("?")[0])
    operation.check(answer)
    assert answer.status in (400, 422) and answer.json()["errors"][0]["parameter"] in [one.name for one in operation.parameters if one.required]


@ids([one for one in DOCUMENT.operations if one.guarded])
def test_the_key_is_needed_and_must_be_right(walk, operation):
    assert walk.ask(operation, key=False).status == 401
    assert walk.ask(operation, key=False, headers={"X-API-Key": "a wrong one"}).status == 403
    assert walk.ask(operation, key=False, headers={"Authorization": "Bearer a-wrong-one"}).status == 403


@ids(DOCUMENT.operations)
def test_a_url_that_is_too_long_and_a_method_that_nobody_knows(walk, operation):
    target = operation.target()
    answer = walk.service.request(operation.method, target + ("&" if "?" in target else "?") + "x" * 3100)
    assert answer.status == 414
    operation.check(answer)
    refused = walk.service.request("PATCH", target)
    if answer.headers["content-type"] == "image/svg+xml":
        assert (refused.status, refused.headers["content-type"]) == (405, "image/svg+xml")
    else:
        assert_problem(refused, 405)


# ---- Writes and jobs

def test_tracking_a_topic(walk):
    rank, show = DOCUMENT.operation("rankTopic"), DOCUMENT.operation("showTopic")
    track, untrack = DOCUMENT.operation("trackTopic"), DOCUMENT.operation("untrackTopic")
    topic = {"topic": "just-now"}
    assert [walk.success(track, topic).status for _ in range(2)] == [201, 200]
    for form in ("json", "csv", "ndjson"):
        assert walk.success(rank, topic, {"format": form}).status == 202
    for feed in ("followTopic", "followTopicAsJson"):
        assert walk.success(DOCUMENT.operation(feed), topic).status == 202
    assert walk.success(show, topic).status == 200
    assert walk.success(untrack, topic).status == 204
    assert walk.ask(untrack, ABSENT).status == 404
    wait_until(lambda: walk.ask(show, topic).status == 404, what="the topic to be forgotten")
    for operation in (track, untrack):
        assert walk.ask(operation, {"topic": "a_b"}).status == 400


def test_tracking_a_repository(walk):
    track, untrack = DOCUMENT.operation("trackRepository"), DOCUMENT.operation("untrackRepository")
    quiet = {"owner": "kubernetes", "repo": "quiet"}
    assert [walk.success(track, quiet).status for _ in range(2)] == [201, 200]
    by_name = [one for one in READS if one.path.startswith("/api/v1/events/") and any(parameter.name == "repo" for parameter in one.parameters)]
    for operation in OF_A_REPOSITORY + by_name:  # none of its events has been asked for yet
        named = {"path": quiet} if any(one.name == "owner" for one in operation.parameters) else {"query": {"repo": "kubernetes/quiet"}}
        for form in next((one.examples for one in operation.parameters if one.name == "format"), (None,)):
            query = {**named.get("query", {}), **({"format": form} if form else {})}
            assert walk.success(operation, named.get("path"), query).status == (202 if 202 in operation.statuses() else 200)
    assert walk.success(untrack, quiet).status == 204
    for operation in (track, untrack):
        assert walk.ask(operation, ABSENT).status == 404
        assert walk.ask(operation, {"repo": "a b"}).status == 400


def test_tracking_as_the_predecessor_did(walk):
    add, activate, deactivate = map(DOCUMENT.operation, ("trackRepositories", "activateRepository", "deactivateRepository"))
    other = {"owner": "kubernetes", "repo": "minikube"}
    for operation in (activate, deactivate):
        assert walk.success(operation, other).json()["full_name"] == "kubernetes/minikube"
        assert walk.ask(operation, ABSENT).status == 404
    assert walk.success(add, body={"repos": ["kubernetes/kubernetes"]}).status == 200
    assert walk.ask(add, body={"repos": ["nobody/has-this"]}).status == 404
    for body in ({"repos": ["nothing"]}, {"repos": []}, {"repos": "a/b"}, {}, [], b"{", b""):
        assert walk.ask(add, body=body).status == 400
    assert walk.ask(add, body={"repos": ["a/b"] * 2000}).status == 413


def test_more_than_may_be_tracked_is_409(walk):
    add, activate, deactivate = map(DOCUMENT.operation, ("trackRepositories", "activateRepository", "deactivateRepository"))
    names = [row["full_name"] for row in walk.service.github.truth("kubernetes")[5:5 + ACTIVE_MAX]]
    assert walk.ask(add, body={"repos": names}).status == 409  # with the two that are tracked from the start
    paths = [dict(zip(("owner", "repo"), name.split("/"))) for name in names]
    assert [walk.ask(activate, path).status for path in paths] == [200] * (ACTIVE_MAX - 2) + [409] * 2
    assert walk.ask(DOCUMENT.operation("trackRepository"), paths[-1]).status == 409
    for path in paths[:-2]:
        assert walk.success(deactivate, path).status == 200


@ids([one for one in WRITES if one.id.startswith("startJob")])
def test_jobs(walk, operation):
    kinds = next(one for one in operation.in_path() if one.name == "job")
    assert walk.success(operation).status == 202
    done = walk.success(operation, {"job": kinds.examples[0]}, {"wait": 60})
    assert done.status == 200
    for kind in kinds.schema["enum"]:
        query = {one.name: one.examples[0] for one in operation.in_query() if one.only == kind}
        started = walk.success(operation, {"job": kind}, query)
        assert started.status == 202
        wait_until(lambda: walk.service.job(started.headers["location"])["state"] != "running", what="the job's end")
    assert walk.ask(operation, {"job": "nothing"}).status == 404
    for name, value in itertools.chain.from_iterable([(one.name, value) for value in one.wrong()] for one in operation.in_query()):
        answer = walk.ask(operation, {"job": "import"}, {"hour": "2015-01-01-0", name: value})
        assert answer.status == 400 and [error["parameter"] for error in answer.json()["errors"]] == [name]
    # The archive of this GitHub has no such hour: whoever waits for the job hears so.
    failed = walk.ask(operation, {"job": "import"}, {"hour": "2015-01-01-0", "wait": 60})
    assert failed.status == 502 and failed.json()["job_error"]


@ids([one for one in WRITES if one.id in ("bootstrap", "updateCache")])
def test_the_predecessors_names_of_jobs(walk, operation):
    assert walk.success(operation).text == operation.path.strip("/")


# ---- All of it

def test_every_described_success_was_seen(walk):
    """The last of this file: what the tests before it have seen."""
    asked = {name for name, _, _ in walk.seen}
    assert {one.id for one in DOCUMENT.operations} - asked == set()
    described = {(one.id, *success) for one in DOCUMENT.operations for success in one.successes()}
    unseen = {(name, status, media_type) for name, status, media_type in described - walk.seen if (name, status) not in NOT_PROVOKED}
    assert unseen == set()
    assert NOT_PROVOKED <= {(name, status) for name, status, _ in described}
