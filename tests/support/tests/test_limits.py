"""Who may ask, and how often."""

import time

GOOD = {"Authorization": "Bearer good"}


def limited(start_sim):
    return start_sim(unlimited=False, tokens=("good", "other"))


def test_limits_with_and_without_a_token(start_sim):
    sim = limited(start_sim)
    for headers, core, search in (({}, "60", "10"), (GOOD, "5000", "30")):
        reply = sim.get("/", headers)
        assert reply.headers["x-ratelimit-limit"] == core
        assert reply.headers["x-ratelimit-resource"] == "core"
        assert 3500 < int(reply.headers["x-ratelimit-reset"]) - time.time() <= 3602
        reply = sim.search("topic:tiny", headers)
        assert reply.headers["x-ratelimit-limit"] == search
        assert reply.headers["x-ratelimit-remaining"] == str(int(search) - 1)
        assert reply.headers["x-ratelimit-used"] == "1"
        assert reply.headers["x-ratelimit-resource"] == "search"


def test_the_search_bucket_runs_out_for_one_caller_only(start_sim):
    sim = limited(start_sim)
    for _ in range(30):
        assert sim.search("topic:tiny", GOOD).status == 200
    reply = sim.search("topic:tiny", GOOD)
    assert reply.status == 403 and reply.headers["x-ratelimit-remaining"] == "0"
    assert "API rate limit exceeded" in reply.json()["message"]
    assert reply.headers["Retry-After"] is None
    assert sim.search("topic:tiny", {"Authorization": "token other"}).status == 200
    assert sim.get("/", GOOD).status == 200


def test_a_bucket_fills_again_after_its_window(start_sim):
    sim = limited(start_sim)
    sim.control("limits", {"search": {"limit": 2, "window_seconds": 0.2}})
    statuses = [sim.search("topic:tiny", GOOD).status for _ in range(3)]
    assert statuses == [200, 200, 403]
    time.sleep(0.25)
    assert sim.search("topic:tiny", GOOD).status == 200


def test_a_bucket_can_be_spent_by_control(start_sim):
    sim = limited(start_sim)
    sim.control("limits", {"exhaust": ["search"], "reset_in_seconds": 0.2})
    assert sim.search("topic:tiny", GOOD).status == 403
    assert sim.search("topic:tiny").status == 403
    time.sleep(0.25)
    assert sim.search("topic:tiny", GOOD).status == 200


def test_asking_for_the_limits_is_free_and_always_possible(start_sim):
    sim = limited(start_sim)
    sim.control("limits", {"exhaust": ["core"]})
    for _ in range(3):
        reply = sim.get("/rate_limit", GOOD)
        assert reply.status == 200
        assert reply.json()["resources"]["search"] == {
            **reply.json()["resources"]["search"], "limit": 30, "used": 0, "remaining": 30}
        assert reply.json()["rate"]["remaining"] == 0


def test_too_many_in_a_minute_is_the_secondary_limit(start_sim):
    sim = limited(start_sim)
    sim.control("limits", {"secondary": {"per_minute": 3, "retry_after": 7}})
    replies = [sim.get("/", GOOD) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 403]
    assert "secondary rate limit" in replies[-1].json()["message"]
    assert replies[-1].headers["Retry-After"] == "7"
    assert int(replies[-1].headers["x-ratelimit-remaining"]) > 0


def test_limits_that_make_no_sense_are_refused(sim):
    for value in ({"core": {"limit": -1}}, {"nosuch": {}}, {"exhaust": "core"}, []):
        assert sim.get("/_sim/limits", method="POST", body=str(value).replace("'", '"')
                       ).status == 400


def test_a_wrong_token_is_bad_credentials(start_sim):
    sim = limited(start_sim)
    for value in ("Bearer wrong", "Bearer ", "Basic Zm9v", "good"):
        reply = sim.search("topic:tiny", {"Authorization": value})
        assert reply.status == 401 and reply.json()["message"] == "Bad credentials"
    assert reply.headers["x-ratelimit-limit"] == "10"


def test_a_user_agent_is_mandatory(sim):
    reply = sim.search("topic:tiny", {"User-Agent": None})
    assert reply.status == 403 and b"User-Agent" in reply.body
    assert reply.headers["Content-Type"].startswith("text/html")


def test_an_unknown_api_version_is_refused(sim):
    assert sim.get("/", {"X-GitHub-Api-Version": "2019-01-01"}).status == 400


def test_the_log_has_what_was_sent(start_sim):
    sim = limited(start_sim)
    sim.search("topic:tiny", {**GOOD, "If-None-Match": 'W/"x"'}, page=1)
    sim.search("topic:tiny", {"Authorization": "Bearer somebodys-own"})
    first, second = sim.requests(path="/search")
    assert first["authorization"] == "Bearer good" and first["authenticated"] is True
    assert first["params"] == {"q": "topic:tiny", "page": "1"} and first["status"] == 200
    assert first["headers"]["user-agent"] == "simgithub-tests"
    assert first["headers"]["if-none-match"] == 'W/"x"'
    assert first["headers"]["x-github-api-version"] == "2022-11-28"
    assert "somebodys" not in str(second) and second["authorization"].startswith("Bearer sha256:")
    sim.control("requests", None, "DELETE")
    assert sim.requests() == []
