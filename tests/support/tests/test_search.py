"""GET /search/repositories."""

import pytest


def numbers(reply, name="stargazers_count"):
    return [item[name] for item in reply.json()["items"]]


def test_stars_are_skewed_with_many_ties_at_the_bottom(sim):
    stars = [row["stargazers_count"] for row in sim.truth("kubernetes")["repositories"]]
    assert len(stars) == 1300
    assert max(stars) > 10_000
    assert stars.count(0) > 200 and stars.count(1) > 200


def test_the_population_has_what_real_ones_have(sim):
    rows = sim.truth("kubernetes")["repositories"]
    for name in ("language", "description", "license", "homepage"):
        assert any(row[name] is None for row in rows), name
    for name in ("archived", "fork", "disabled"):
        assert any(row[name] for row in rows), name
    assert any(ord(max(row["description"] or " ")) > 0xFFFF for row in rows)
    assert any("docker" in row["topics"] for row in rows)


@pytest.mark.parametrize("sort, field", [("stars", "stargazers_count"), ("forks", "forks_count"),
                                         ("updated", "updated_at")])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorts(sim, sort, field, order):
    found = numbers(sim.search("topic:kubernetes", sort=sort, order=order, per_page=100), field)
    assert found == sorted(found, reverse=order == "desc")


def test_pages_make_the_first_thousand(sim):
    truth = sim.truth("kubernetes")["repositories"]
    seen = []
    for page in range(1, 11):
        answer = sim.search("topic:kubernetes", sort="stars", per_page=100, page=page).json()
        assert answer["total_count"] == 1300 and answer["incomplete_results"] is False
        seen += answer["items"]
    assert len({item["id"] for item in seen}) == 1000
    assert [item["stargazers_count"] for item in seen] == [
        row["stargazers_count"] for row in truth[:1000]]


def test_more_than_a_thousand_are_refused(sim):
    reply = sim.search("topic:kubernetes", per_page=100, page=11)
    assert reply.status == 422
    assert reply.json()["message"] == "Only the first 1000 search results are available"
    assert sim.search("topic:kubernetes", page=34).status == 200
    assert sim.search("topic:kubernetes", page=35).status == 422


def test_shards_by_stars_and_creation_make_the_whole(sim):
    truth = {row["id"] for row in sim.truth("kubernetes")["repositories"]}
    seen = set()
    for part in ("stars:0", "stars:1..3", "stars:>=4", ):
        first = sim.search(f"topic:kubernetes {part}", per_page=100).json()
        assert first["total_count"] <= 1000
        for page in range(1, -(-first["total_count"] // 100) + 1):
            items = sim.search(f"topic:kubernetes {part}", per_page=100, page=page).json()
            seen |= {item["id"] for item in items["items"]}
    assert seen == truth
    early = sim.search("topic:kubernetes created:*..2020-06-30").json()["total_count"]
    late = sim.search("topic:kubernetes created:>=2020-07-01").json()["total_count"]
    assert early and late and early + late == 1300


def test_ranges_include_both_ends(sim):
    sim.control("mutate", [{"op": "add", "topic": "empty-ends", "stargazers_count": stars,
                            "created_at": f"2025-03-{stars:02}T12:00:00Z"}
                           for stars in range(10, 21)])

    def found(part):
        return sorted(numbers(sim.search(f"topic:empty-ends {part}", per_page=100)))

    assert found("stars:12..14") == [12, 13, 14]
    assert found("stars:<=11") == [10, 11] and found("stars:<11") == [10]
    assert found("stars:>=19") == [19, 20] and found("stars:>19") == [20]
    assert found("stars:15") == [15] and found("stars:*..10") == [10]
    assert found("created:2025-03-12..2025-03-13") == [12, 13]
    assert found("created:2025-03-12T12:00:00Z..2025-03-13T11:59:59Z") == [12]
    assert found("created:2025-03-20") == [20] and found("created:>2025-03-19") == [20]
    assert found("created:2025-03-18T13:00:00+01:00..2025-03-18T12:00:00Z") == [18]
    assert found("stars:12..14 created:>=2025-03-14") == [14]
    assert found("stars:14..12") == []


@pytest.mark.parametrize("q", ["", "  ", "topic:a stars:many", "topic:a created:yesterday",
                               "topic:a created:2025-02-30", "topic:a nosuch:1", "x" * 257])
def test_queries_that_make_no_sense_are_refused(sim, q):
    reply = sim.search(q)
    assert reply.status == 422
    assert reply.json()["message"] == "Validation Failed"
    assert reply.json()["errors"][0]["field"] == "q"


def test_a_query_may_have_256_characters(sim):
    q = "topic:kubernetes "
    assert sim.search(q + "a" * (256 - len(q))).status == 200
    assert "longer than 256 characters" in sim.search(q + "a" * (257 - len(q))).body.decode()


def test_page_size_is_clipped_and_defaults(sim):
    for per_page, expected in (("1000", 100), ("0", 30), ("x", 30), ("7", 7)):
        assert len(numbers(sim.search("topic:kubernetes", per_page=per_page))) == expected
    assert len(numbers(sim.search("topic:kubernetes"))) == 30


def test_links_lead_from_page_to_page(sim):
    def links(page):
        text = sim.search("topic:kubernetes", per_page=100, page=page).headers["Link"]
        return [part.split('rel="')[1].rstrip('"') for part in text.split(", ")], text

    assert links(1)[0] == ["next", "last"]
    assert links(5)[0] == ["prev", "next", "last", "first"]
    assert links(10)[0] == ["prev", "first"]
    expected = (f"<http://127.0.0.1:{sim.port}/search/repositories?q=topic%3Akubernetes"
                '&per_page=100&page=2>; rel="next"')
    assert links(1)[1].startswith(expected)
    assert sim.search("topic:tiny").headers["Link"] is None


def test_searches_are_not_cached(sim):
    headers = sim.search("topic:kubernetes").headers
    assert headers["Cache-Control"] == "no-cache" and headers["ETag"] is None


def test_gzip_when_asked(sim):
    plain = sim.search("topic:kubernetes")
    packed = sim.search("topic:kubernetes", {"Accept-Encoding": "gzip"})
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip" and len(packed.raw) < len(plain.raw)
    assert packed.body == plain.body


def test_pages_move_while_they_are_read(sim):
    sim.faults({"kind": "mutate", "regex": "page=2$", "ops": [
        {"op": "add", "topic": "kubernetes", "stargazers_count": 500_000}]})
    first = sim.search("topic:kubernetes", per_page=50, page=1).json()["items"]
    second = sim.search("topic:kubernetes", per_page=50, page=2).json()["items"]
    assert second[0]["id"] == first[-1]["id"]


def test_an_unconfigured_topic_has_its_own_people_and_an_empty_one_none(sim):
    assert sim.truth("some-other-topic")["total"] >= 20
    assert sim.search("topic:some-other-topic").json()["total_count"] >= 20
    assert sim.search("topic:empty-topic").json() == {
        "total_count": 0, "incomplete_results": False, "items": []}
    assert sim.search("topic:No_Topic!").json()["total_count"] == 0


def test_a_tag_of_other_topics_finds_their_repositories(sim):
    tagged = {row["id"] for name in ("kubernetes", "docker", "tiny")
              for row in sim.truth(name)["repositories"] if "devops" in row["topics"]}
    assert {row["id"] for row in sim.truth("devops")["repositories"]} == tagged
