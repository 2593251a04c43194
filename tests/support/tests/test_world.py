"""The world changes by itself, and the same way every time."""

import json

from conftest import START
from simgithub.app import App, Settings
from simgithub.render import truth

DAY = 86400
TOPICS = [("kubernetes", 400), ("docker", 150), ("golang", 100)]


def make(seed=1, topics=TOPICS):
    return App(Settings(seed=seed, start=START, time_scale=0, topics=topics, recorded={}))


def picture(app):
    """The whole world as text."""
    world = app.world
    return json.dumps([[truth(repo) for repo in world.repositories.values()], world.redirects,
                       {name: list(members) for name, members in world.topics.items()},
                       world.former])


def test_the_same_seed_is_the_same_world():
    assert picture(make()) == picture(make())
    assert picture(make()) != picture(make(seed=2))


def test_the_steps_that_time_takes_do_not_matter():
    one, many = make(), make()
    one.advance(20 * DAY)
    for _ in range(200):
        many.advance(DAY / 10)
    assert picture(one) == picture(many)


def test_when_a_topic_is_asked_for_first_does_not_matter():
    early, late = make(), make()
    for app in (early, late):
        if app is late:
            app.advance(10 * DAY)
        with app.lock:
            app.world.ensure_topic("zebra")
            app.evolution.follow("zebra")
        if app is early:
            app.advance(10 * DAY)
        app.sync()
    assert [truth(repo) for repo in early.world.members("zebra")] == [
        truth(repo) for repo in late.world.members("zebra")]


def test_everything_that_happens_on_github_happens():
    app = make()
    before = {repo.id: truth(repo) for repo in app.world.members("kubernetes")}
    _, changes = app.advance(120 * DAY)
    assert set(changes) >= {"star", "unstar", "push", "issue", "fork", "edit", "create", "rename",
                            "transfer", "join", "leave", "delete", "archive", "take_over", "block"}
    after = {repo.id: truth(repo) for repo in app.world.members("kubernetes")}
    assert before.keys() - after.keys() and after.keys() - before.keys()
    reasons = {entry["reason"] for entry in app.world.former["kubernetes"]}
    assert reasons == {"left", "deleted", "blocked", "private"}
    both = before.keys() & after.keys()
    for name in ("full_name", "owner", "archived", "stargazers_count", "pushed_at"):
        assert any(before[number][name] != after[number][name] for number in both), name
    assert all(before[number]["created_at"] == after[number]["created_at"] for number in both)


def test_indexes_agree_after_a_long_time():
    app = make()
    app.advance(200 * DAY)
    world = app.world
    assert {repo.full_name.lower(): repo for repo in world.repositories.values()} == world.by_name
    assert not world.redirects.keys() & world.by_name.keys()
    for topic, members in world.topics.items():
        assert {number for number, repo in world.repositories.items()
                if topic in repo.topics and repo.status == 200} == set(members)


def test_time_passes_by_itself_at_its_scale(start_sim):
    sim = start_sim(time_scale=100_000)
    version = sim.get("/_sim/health").json()["version"]
    while sim.get("/_sim/health").json()["version"] == version:
        pass
    assert sim.control("clock", {"time_scale": 0})["time_scale"] == 0
    assert sim.get("/_sim/clock").json()["now"] == sim.get("/_sim/clock").json()["now"]


def test_a_reset_goes_back_to_the_start(sim):
    first = sim.truth("kubernetes")
    sim.control("advance", {"seconds": 3 * DAY})
    sim.control("mutate", {"op": "add", "topic": "kubernetes", "count": 5})
    sim.faults({"kind": "error"})
    assert sim.truth("kubernetes")["repositories"] != first["repositories"]
    assert sim.control("reset", {}) == {"ok": True}
    assert sim.truth("kubernetes") == first
    assert sim.search("topic:tiny").status == 200
    assert len(sim.requests()) == 1


def test_pushed_at_can_be_null(start_sim):
    sim = start_sim(null_pushed_at=0.2)
    items = sim.search("topic:kubernetes", per_page=100).json()["items"]
    assert 0 < sum(item["pushed_at"] is None for item in items) < 60


def test_mutations_do_what_they_say(sim):
    row, other = sim.truth("tiny")["repositories"][:2]
    results = sim.control("mutate", [
        {"op": "set", "repository": row["id"], "stargazers_count": 7, "language": None,
         "license": "MIT", "archived": True, "pushed_at": "2020-02-02T02:02:02Z"},
        {"op": "remove_topic", "repository": other["full_name"], "topic": "tiny"},
        {"op": "add_topic", "repository": other["id"], "topic": "empty-until-now"},
        {"op": "add", "topic": "tiny", "full_name": "me/mine", "stargazers_count": 9},
        {"op": "add", "topic": "tiny", "count": 3}])["results"]
    assert results[0]["license"] == "MIT" and results[0]["pushed_at"] == "2020-02-02T02:02:02Z"
    after = sim.truth("tiny")
    assert after["total"] == 7 - 1 + 1 + 3
    assert [entry["id"] for entry in after["former"]] == [other["id"]]
    assert after["former"][0]["reason"] == "left"
    assert sim.truth("empty-until-now")["total"] == 1
    assert sim.get("/repos/me/mine").json()["stargazers_count"] == 9


def test_mutations_that_make_no_sense_are_refused(sim):
    row, other = sim.truth("tiny")["repositories"][:2]
    for operation in ({"op": "nosuch"}, {"op": "rename", "repository": 1, "name": "x"},
                      {"op": "rename", "repository": row["id"], "full_name": other["full_name"]},
                      {"op": "rename", "repository": row["id"], "name": "not a name"},
                      {"op": "set", "repository": row["id"], "stargazers_count": "7"},
                      {"op": "set", "repository": row["id"], "full_name": "a/b"},
                      {"op": "add", "topic": "tiny", "full_name": other["full_name"]},
                      {"op": "add"}, 5):
        reply = sim.get("/_sim/mutate", method="POST", body=json.dumps(operation))
        assert reply.status == 400 and "operation 1" in reply.json()["error"]
    assert sim.truth("tiny")["repositories"][0] == row
