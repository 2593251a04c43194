"""Badges, charts and feeds, as those who embed and poll them see them: through the proxy, of a simulated GitHub."""

import collections
import json
import re
import xml.etree.ElementTree

import pytest
from contract import assert_problem, moment, of_one_state
from recount import moment as recounted_moment, real_hours

SVG, ATOM = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/2005/Atom}"
PICTURE_CACHE = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400"
FEED_CACHE = "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400"


@pytest.fixture(scope="module")
def row(service):
    """The topic's most starred repository, as its ranking tells of it."""
    return service.get("/api/v1/topics/shelf/repositories?per_page=1").json()["data"][0]


def picture(answer, status=200):
    """The picture's root, if the answer is one that can do no harm."""
    assert (answer.status, answer.headers["content-type"]) == (status, "image/svg+xml"), answer.text[:300]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script" not in policy
    root = xml.etree.ElementTree.fromstring(answer.body)
    assert root.tag == SVG + "svg" and root.find(SVG + "title").text
    assert not [node for node in root.iter() if node.tag == SVG + "script" or any(name.lower().startswith("on") for name in node.attrib)]
    return root


def test_badges_tell_the_repository_s_numbers(service, row):
    for metric, column in (("stars", "stargazers_count"), ("forks", "forks_count"), ("issues", "open_issues_count")):
        found = service.get(f"/api/v1/repos/{row['full_name']}/badge/{metric}.json").json()
        assert set(found) == {"schemaVersion", "label", "message", "color", "cacheSeconds"} and found["schemaVersion"] == 1
        number, unit = re.fullmatch(r"([\d.]+)([kM]?)", found["message"]).groups()
        shown = float(number) * {"": 1, "k": 1_000, "M": 1_000_000}[unit]
        assert shown == pytest.approx(row[column], rel=0.05)
        root = picture(service.get(f"/api/v1/repos/{row['full_name']}/badge/{metric}.svg"))
        assert root.find(SVG + "title").text == f"{found['label']}: {found['message']}"


@pytest.mark.parametrize("words", ["%EF%BF%BE", "%EF%BF%BF%01", "%1F%7F%C2%80", "%F4%8F%BF%BF", "%3C%26%22%27%3E"])
def test_no_label_makes_a_badge_that_cannot_be_read(service, row, words):
    picture(service.get(f"/api/v1/repos/{row['full_name']}/badge/stars.svg?label={words}"))


@pytest.mark.parametrize("path, cache", [("badge/stars.svg", PICTURE_CACHE), ("badge/stars.json", PICTURE_CACHE), ("chart/stars.svg?theme=dark", PICTURE_CACHE),
                                         ("chart/events.svg", FEED_CACHE)])  # no events are collected here
def test_embeds_are_kept_long_and_asked_for_cheaply(service, row, path, cache):
    target = f"/api/v1/repos/{row['full_name']}/{path}"
    had, again = of_one_state(lambda: (lambda first: (first, service.get(target, {"If-None-Match": first.headers["etag"]})))(service.get(target)))
    assert had.headers["cache-control"] == again.headers["cache-control"] == cache
    assert (again.status, again.body) == (304, b"")
    assert service.request("HEAD", target).headers["content-length"] == str(len(had.body))


@pytest.mark.parametrize("series", ["stars", "forks", "issues", "events"])
@pytest.mark.parametrize("theme", ["", "?theme=light", "?theme=dark"])
def test_charts_can_be_read_by_everybody(service, row, series, theme):
    root = picture(service.get(f"/api/v1/repos/{row['full_name']}/chart/{series}.svg{theme}"))
    assert row["full_name"] in root.find(SVG + "title").text and root.find(SVG + "desc").text
    assert root.get("role") == "img"
    back = root.find(SVG + "rect").get("fill")
    assert back == {"": "#ffffff", "?theme=light": "#ffffff", "?theme=dark": "#0d1117"}[theme]


@pytest.mark.parametrize("path, status", [("repos/no-body/nothing/badge/stars.svg", 404), ("repos/{}/badge/beauty.svg", 404), ("repos/{}/chart/beauty.svg", 404),
                                          ("repos/{}/chart/stars.svg?theme=pink", 400), ("repos/{}/chart/stars.svg?days=0&x=1", 400),
                                          ("repos/a%20b/c/badge/stars.svg", 400)])
def test_errors_of_pictures_are_pictures(service, row, path, status):
    root = picture(service.get("/api/v1/" + path.format(row["full_name"])), status)
    assert str(status) in root.find(SVG + "title").text
    assert int(root.get("height")) <= 80


def test_errors_of_badges_in_json_are_problems(service, row):
    assert_problem(service.get(f"/api/v1/repos/{row['full_name']}/badge/beauty.json"), 404)
    assert_problem(service.get(f"/api/v1/repos/{row['full_name']}/badge/stars.png"), 404)


# ---- feeds

def assert_atom(answer):
    """What RFC 4287 wants of a feed and its entries; returns the entries."""
    assert (answer.status, answer.headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    feed = xml.etree.ElementTree.fromstring(answer.body)
    assert feed.tag == ATOM + "feed" and feed.find(ATOM + "author").find(ATOM + "name").text
    entries = feed.findall(ATOM + "entry")
    for node in [feed, *entries]:
        for name in ("id", "title", "updated"):
            assert len(node.findall(ATOM + name)) == 1 and node.find(ATOM + name).text
        moment(node.find(ATOM + "updated").text)
        assert node.find(ATOM + "id").text.startswith("urn:")
    assert [link.get("href") for link in feed.findall(ATOM + "link") if link.get("rel") == "self"]
    ids = [entry.find(ATOM + "id").text for entry in entries]
    assert len(set(ids)) == len(ids)
    assert all(entry.find(ATOM + "link").get("href").startswith("https://github.com/") for entry in entries)
    return entries


def test_the_feeds_of_a_topic_tell_the_same(service):
    entries = assert_atom(service.get("/api/v1/topics/shelf/feed.atom"))
    answer = service.get("/api/v1/topics/shelf/feed.json")
    assert answer.headers["cache-control"] == FEED_CACHE
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"]
    assert [item["id"] for item in feed["items"]] == [entry.find(ATOM + "id").text for entry in entries]


def test_feeds_of_what_is_not_there(service):
    assert_problem(service.get("/api/v1/topics/nobody-tracks-this/feed.atom"), 404)
    assert_problem(service.get("/api/v1/topics/a_b/feed.json"), 400)
    assert_problem(service.get("/api/v1/trending.atom?hours=3"), 400)


def test_the_feed_of_what_trends_in_the_real_hours(replayed):
    entries = assert_atom(replayed.get("/api/v1/trending.atom"))
    rows = replayed.get("/api/v1/trending").json()["data"]
    assert [entry.find(ATOM + "id").text.rsplit(":", 1)[1] for entry in entries] == [str(row["id"]) for row in rows if row["full_name"]]
    ids = [entry.find(ATOM + "id").text for entry in entries]
    installation = re.match(r"urn:repopulse:([0-9a-f]{16}):", ids[0])[1]
    assert ids == [f"urn:repopulse:{installation}:feed:all:trending:2015-01-01:{row['id']}" for row in rows if row["full_name"]]
    assert [item["id"] for item in replayed.get("/api/v1/trending/feed.json").json()["items"]] == ids


@pytest.mark.skipif(len(real_hours()) < 3, reason="../shared/data/gharchive is not there")
def test_the_feeds_of_what_trends_tell_what_the_real_hours_say(replayed):
    """The stars and forks of each entry, and when the last of them was, counted anew; the window holds all three hours."""
    hours = replayed.recount
    for item in replayed.get("/api/v1/trending/feed.json").json()["items"]:
        number = int(item["id"].rsplit(":", 1)[1])
        stars, forks = (hours.select(type=kind, repository=number) for kind in ("WatchEvent", "ForkEvent"))
        words = f"{len(stars)} stars and {len(forks)} fork{'' if len(forks) == 1 else 's'} in 24 hours"
        assert item["content_text"].split(" · ")[0] == words
        assert item["url"] == "https://github.com/" + hours.names()[number]
        assert (item["date_published"], item["date_modified"]) == ("2015-01-01T00:00:00Z", recounted_moment(max(one.at for one in stars + forks)))


@pytest.mark.skipif(len(real_hours()) < 3, reason="../shared/data/gharchive is not there")
def test_badges_and_charts_tell_what_the_real_hours_say(replayed):
    hours = replayed.recount
    counts = collections.Counter(one.repository for one in hours.events)
    names, holders = hours.names(), hours.holders()
    busy = [number for number, _ in counts.most_common(60) if holders[names[number].lower()] == number][:12]
    assert counts[busy[0]] > 100
    for number in busy:
        base = f"/api/v1/repos/{names[number]}"
        assert replayed.get(base + "/badge/events.json").json()["message"] == str(counts[number])
        badge = picture(replayed.get(base + "/badge/events.svg"))
        assert badge.find(SVG + "title").text == f"events in 7 days: {counts[number]}"
        root = picture(replayed.get(base + "/chart/events.svg?days=2"))
        by_type = collections.Counter(one.type for one in hours.select(repository=number))
        told = dict(re.findall(r"(\w+): ([\d,]+)\. ", root.find(SVG + "desc").text))
        shown = {kind: int(count.replace(",", "")) for kind, count in told.items()}
        assert sum(shown.values()) == counts[number]
        assert {kind: count for kind, count in shown.items() if kind != "others"}.items() <= by_type.items()
        curves = [[tuple(map(float, point.split(","))) for point in line.get("points").split()] for line in root.findall(SVG + "polyline")]
        curves = [curve for curve in curves if len(curve) == 2 and curve[0][1] != curve[1][1]]  # those of the legend are level
        assert len(curves) == len(shown), "yesterday nothing, today what there is"
        heights = [curve[0][1] - curve[1][1] for curve in curves]
        scale = max(heights) / max(shown.values())
        assert sorted(heights) == pytest.approx(sorted(count * scale for count in shown.values()), abs=0.11)


def test_an_order_by_what_trends_where_nothing_does(service):
    """No events are collected here: all are ordered by stars."""
    rows = service.get("/api/v1/topics/shelf/repositories?sort=trending&explain=true&per_page=100").json()["data"]
    assert [row["trending"] for row in rows] == [None] * 40
    assert [(-row["stargazers_count"], row["id"]) for row in rows] == sorted((-row["stargazers_count"], row["id"]) for row in rows)
    head = service.get("/api/v1/topics/shelf/repositories?sort=trending&format=csv").text.splitlines()[0]
    assert head.endswith("pushed_at,trending.score,trending.stars,trending.forks")


def test_nothing_that_simulated_data_is_in_is_taken_for_real(stack):
    """The demo says so wherever its numbers are shown, also where there is no meta."""
    name = stack.get("/api/v1/topics/kubernetes/repositories?per_page=1").json()["data"][0]["full_name"]
    assert json.loads(stack.get(f"/api/v1/repos/{name}/badge/stars.json").body)["label"] == "stars (simulated)"
    assert "simulated" in picture(stack.get(f"/api/v1/repos/{name}/chart/stars.svg")).find(SVG + "title").text
    assert "simulated" in stack.get("/api/v1/trending.atom").text
    assert stack.get("/api/v1/trending").json()["meta"]["demo"] is True
