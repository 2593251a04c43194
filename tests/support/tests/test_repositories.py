"""GET /repos/{owner}/{repo} and GET /repositories/{id}."""

import pytest


@pytest.fixture
def row(sim):
    return sim.truth("docker")["repositories"][3]


def mutate(sim, **operation):
    return sim.control("mutate", operation)["results"][0]


def test_a_repository_by_name_in_any_case_and_by_id(sim, row):
    by_name = sim.get(f"/repos/{row['full_name']}")
    assert by_name.json()["stargazers_count"] == row["stargazers_count"]
    assert sim.get(f"/repos/{row['full_name'].upper()}").json() == by_name.json()
    assert sim.get(f"/repositories/{row['id']}").json() == by_name.json()
    assert sim.get("/repositories/1").status == 404


def test_a_conditional_request_is_free_only_with_a_token(start_sim):
    sim = start_sim(unlimited=False, tokens=("good",))
    path = "/repos/" + sim.truth("docker")["repositories"][0]["full_name"]
    for headers, used_after in (({"Authorization": "Bearer good"}, "1"), ({}, "2")):
        first = sim.get(path, headers)
        assert first.headers["ETag"].startswith('W/"')
        again = sim.get(path, {**headers, "If-None-Match": first.headers["ETag"]})
        assert again.status == 304 and again.raw == b""
        assert again.headers["X-RateLimit-Used"] == used_after


def test_etags_differ_between_tokens_and_change_with_the_repository(sim, row):
    path = f"/repos/{row['full_name']}"
    etag = sim.get(path, {"Authorization": "Bearer a"}).headers["ETag"]
    assert sim.get(path, {"Authorization": "Bearer b"}).headers["ETag"] != etag
    mutate(sim, op="set", repository=row["id"], stargazers_count=12345)
    changed = sim.get(path, {"Authorization": "Bearer a", "If-None-Match": etag})
    assert changed.status == 200 and changed.json()["watchers_count"] == 12345


def test_a_renamed_repository_redirects_to_its_id(sim, row):
    mutate(sim, op="rename", repository=row["full_name"], name="renamed")
    moved = sim.get(f"/repos/{row['full_name']}")
    location = f"http://127.0.0.1:{sim.port}/repositories/{row['id']}"
    assert moved.status == 301 and moved.headers["Location"] == location
    assert moved.json()["url"] == location
    full_name = sim.get(f"/repositories/{row['id']}").json()["full_name"]
    assert full_name == row["owner"] + "/renamed"


def test_a_transferred_repository_redirects_too(sim, row):
    assert mutate(sim, op="transfer", repository=row["id"],
                  owner="new-home")["full_name"] == f"new-home/{row['name']}"
    assert sim.get(f"/repos/{row['full_name']}").status == 301
    assert sim.get(f"/repos/new-home/{row['name']}").json()["owner"]["login"] == "new-home"


def test_a_name_means_its_present_holder(sim, row):
    taken = mutate(sim, op="take_name", full_name=row["full_name"], topic="docker",
                   stargazers_count=3)
    assert taken["id"] != row["id"]
    assert sim.get(f"/repos/{row['full_name']}").json()["id"] == taken["id"]
    assert sim.get(f"/repositories/{row['id']}").json()["full_name"] == \
        row["full_name"] + "-former"


def test_what_is_deleted_is_not_found_under_any_name(sim, row):
    mutate(sim, op="rename", repository=row["id"], name="once-more")
    mutate(sim, op="delete", repository=row["id"])
    for path in (f"/repos/{row['full_name']}", f"/repos/{row['owner']}/once-more",
                 f"/repositories/{row['id']}"):
        assert sim.get(path).status == 404


@pytest.mark.parametrize("status, reason", [(451, "dmca"), (403, "tos"), (404, None)])
def test_what_is_blocked_says_so_and_leaves_the_search(sim, row, status, reason):
    mutate(sim, op="block", repository=row["id"], status=status)
    reply = sim.get(f"/repos/{row['full_name']}")
    assert reply.status == status
    assert reply.json().get("block", {}).get("reason") == reason
    assert row["id"] not in [other["id"] for other in sim.truth("docker")["repositories"]]
    mutate(sim, op="block", repository=row["id"], status=200)
    assert sim.get(f"/repos/{row['full_name']}").status == 200
    assert row["id"] in [other["id"] for other in sim.truth("docker")["repositories"]]


def test_other_paths_and_methods_are_not_found(sim, row):
    assert sim.get("/nothing").status == 404
    assert sim.get("/search/repositories", method="POST", body="{}").status == 404
    head = sim.get(f"/repos/{row['full_name']}", method="HEAD")
    assert head.status == 200 and head.raw == b"" and int(head.headers["Content-Length"]) > 5000
