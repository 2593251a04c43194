"""What the pages do with nothing to show, with what is wrong, old or late, and with hostile data."""

import pytest
from replayed import Replayed
from recount import real_hours, seconds
from stack import wait_until

PHONE = 360
PROBLEM = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "The database cannot be reached.", "instance": "request-of-the-test"}


def reload_until(page, text):
    """What was changed behind the proxy's back is not seen at once: it gives what it had once more."""
    def there():
        page.reload()
        page.settled()
        return text in page.text()
    wait_until(there, what=f"the page to say: {text}")


@pytest.mark.parametrize("name, says", [
    ("", "No topic is tracked yet"), ("trending", "Nothing gained enough"), ("compare", "Add a repository"), ("events", "No event of this time was seen"),
    ("status", "No topic is tracked"), ("manage", "admin key")])
def test_a_page_without_data_says_so(browser, bare, name, says):
    page = browser.open(f"{bare.url}/#/{name}", width=PHONE)
    page.keep(f"bare-{name or 'topics'}")
    assert says in page.text()
    assert not page.text(selector="#notices")
    page.check()


@pytest.mark.parametrize("address, says", [
    ("topics/nothing-here", "is not tracked"), ("repos/no/body", "is not known here"), ("nowhere", "There is no such page"),
    ("compare?repos=no/body", "no/body"), ("trending?hours=x", "hours")])
def test_what_is_not_there_is_told(browser, bare, address, says):
    page = browser.open(f"{bare.url}/#/{address}")
    assert says in page.text(selector="main .problem")
    page.check(allowed=("status of 40", "400 http", "404 http"))


def test_an_error_names_its_request_and_can_be_tried_again(browser, demo):
    page = browser.open(f"{demo.url}/#/events")
    page.spoil(glob="**/api/v1/topics?*", body=PROBLEM)
    page.click(role="link", name="Topics")
    page.waitForText(text="The database cannot be reached", selector="main [role=alert]")
    assert "request-of-the-test" in page.text()
    page.keep("error")
    page.heal(glob="**/api/v1/topics?*")
    page.click(role="button", name="Try again")
    page.waitForText(text="kubernetes", selector="main h2")
    page.settled()
    page.check(allowed=("503",))


def test_old_data_are_marked_as_old(browser, demo):
    page = browser.open(f"{demo.url}/#/events")
    topics = demo.get("/api/v1/topics?per_page=100").json()
    page.spoil(glob="**/api/v1/topics?*", status=200, body=topics, headers={"Warning": '110 - "Response is Stale"'})
    page.click(role="link", name="Topics")
    page.waitForText(text="The newest data cannot be read", selector=".stale")
    assert "kubernetes" in page.text()
    page.check()


def test_a_new_topic_is_awaited_without_a_reload(browser, demo):
    page = browser.open(f"{demo.url}/#/events")
    page.spoil(glob="**/topics/terraform/repositories*", status=202, body={"data": [], "meta": {}}, headers={"Retry-After": "1"})
    page.spoil(glob="**/topics/terraform", status=202, body={"data": [], "meta": {}}, headers={"Retry-After": "1"})
    page.evaluate(script="location.hash = '#/topics/terraform'")
    page.waitForText(text="The first data are being collected")
    answer = {"data": [{"rank": 1, "full_name": "a/b", "stargazers_count": 5}], "meta": {"total": 1}}
    page.spoil(glob="**/topics/terraform/repositories*", status=200, body=answer)
    page.waitForText(text="a/b", selector="tbody")


def test_a_topic_that_nobody_reads_is_not_said_to_be_read(browser, bare):
    """With COLLECT=off a topic is tracked, due, and never read."""
    name = "left-alone"
    assert bare.admin("PUT", f"/api/v1/topics/{name}").status == 201
    try:
        bare.sql(f"UPDATE topics SET next_poll_at = next_poll_at - INTERVAL 3 HOUR WHERE name = '{name}'")
        for address in (f"topics/{name}", ""):
            page = browser.open(f"{bare.url}/#/{address}", width=PHONE)
            reload_until(page, "It was to be read 3 h ago and was not: nothing is collected here at present")
            assert "being collected" not in page.text()
            page.check()
    finally:
        bare.give_up(name)


def test_a_topic_without_repositories_says_so(browser, bare):
    name = "nobody-uses-this"
    assert bare.admin("PUT", f"/api/v1/topics/{name}").status == 201
    try:
        bare.sql(f"UPDATE topics SET published_at = UTC_TIMESTAMP(6), complete = TRUE WHERE name = '{name}'")  # read, and nothing was found
        page = browser.open(f"{bare.url}/#/topics/{name}", width=PHONE)
        reload_until(page, "No repository of this topic fits.")
        assert page.count(selector="a[href*='format=csv']") == 0
        page.check()
        page = browser.open(f"{bare.url}/#/", width=PHONE)
        reload_until(page, "No repositories.")
        card = page.text(selector=f"section[aria-labelledby=topic-{name}]")
        assert card.count("No repositories.") == 2 and "Nothing stands out" in card
        page.check(allowed=("404",))  # a topic just given up may be in the list that the proxy has
    finally:
        bare.give_up(name)


def test_a_repository_without_events_says_so_and_its_first_ones_are_awaited(browser, demo):
    rows = demo.get("/api/v1/repos?active=false&per_page=100").json()["data"]
    name = next(row["full_name"] for row in rows if not demo.get(f"/api/v1/repos/{row['full_name']}/events").json()["data"])
    page = browser.open(f"{demo.url}/#/repos/{name}", width=PHONE)
    says = {"activity": "No event of this time is known", "intervals": "No event of the last seven days", "recent": "No event of this repository is known",
            "popularity": "The history begins today", "health": "none of 0 answered"}
    for section, words in says.items():
        assert words in page.text(selector=f"section[aria-labelledby={section}]")
    assert page.count(selector="main [role=alert]:not(:empty)") == 0
    page.keep("repository-without-events-360")
    page.check()
    assert demo.admin("PUT", f"/api/v1/repos/{name}/tracking").status == 201
    try:
        wait_until(lambda: demo.get(f"/api/v1/repos/{name}/events?per_page=20").status == 202, what="events to be awaited")
        page = browser.open(f"{demo.url}/#/repos/{name}", width=PHONE)
        reload_until(page, "The first data are being collected")
        page.check()
        assert demo.maintenance("collect").status == 200
        page.waitForCount(selector="section[aria-labelledby=recent] [role=status]", number=0)  # without a reload
        page.settled()
        page.check()
    finally:
        assert demo.admin("DELETE", f"/api/v1/repos/{name}/tracking").status == 204


def test_many_topics_are_all_within_reach(browser, demo):
    page = browser.open(f"{demo.url}/#/status", width=PHONE)
    named = [{"name": f"topic-{number}", "repositories_count": 5, "complete": True, "data_as_of": "2026-01-01T00:00:00Z"} for number in range(1, 13)]
    following = {"Link": '</api/v1/topics?per_page=100&cursor=more>; rel="next"'}
    page.spoil(glob="**/api/v1/topics?*", status=200, body={"data": named[:10], "meta": {"total": 12}}, headers=following)
    page.spoil(glob="**/api/v1/topics?*cursor=more*", status=200, body={"data": named[10:], "meta": {"total": 12}})
    page.spoil(glob="**/api/v1/topics/*/repositories?*", status=200, body={"data": [], "meta": {}})
    page.evaluate(script="location.hash = '#/'")
    page.waitForText(text="The first 10 of 12 topics are here, the first 8 with their lists")
    page.waitForCount(selector=".columns", number=8)
    page.click(role="button", name="Show its lists: topic-10")
    page.waitForCount(selector=".columns", number=9)
    page.settled()
    assert page.count(selector="section[aria-labelledby=topic-topic-10] .columns") == 1
    page.click(role="button", name="More topics")
    page.waitForText(text="All 12 topics are here")
    page.settled()
    assert page.count(selector="main section") == 12 and page.count(selector=".columns") == 9  # what was opened stays so
    page.check()


def test_hostile_data_stay_text(browser, demo):
    page = browser.open(f"{demo.url}/#/events")
    evil = "<img src=x onerror=document.title='hit'>"
    rows = [{"rank": 1, "full_name": f"a/{evil}", "description": evil, "language": evil, "stargazers_count": 5, "html_url": "javascript:alert(1)"}]
    page.spoil(glob="**/topics/kubernetes/repositories*", status=200, body={"data": rows, "meta": {"total": 1}})
    page.evaluate(script="location.hash = '#/topics/kubernetes'")
    page.waitForText(text="onerror", selector="tbody")
    assert page.count(selector="main img") == 0
    assert page.title() == "kubernetes · Repopulse"


def test_without_its_chart_library_a_page_says_so_and_shows_the_numbers(browser, demo):
    page = browser.open(f"{demo.url}/#/status")
    page.spoil(glob="**/assets/packages/**", status=404)
    page.evaluate(script="location.hash = '#/events'")
    page.waitForText(text="Charts are missing here")
    page.click(selector="summary")
    page.waitForText(text=":", selector="details tbody tr")
    assert page.count(selector="details tbody tr") == 60


@pytest.fixture(scope="module")
def past(packages):
    files = real_hours()
    if len(files) < 3:
        pytest.skip(f"needs ../shared/data/gharchive: {len(files)} of 3 hours are there")
    with Replayed(files) as running:
        yield running


def test_real_hours_are_shown_as_they_were(browser, past):
    # The clock stands at four, and there is no file of the hour from two to three: two hours back are the last file's.
    counted = past.recount.counts_by_type(since=seconds("2015-01-01T03:00:00Z"))
    page = browser.open(f"{past.url}/#/events?minutes=120")
    assert "Replay." in page.text(selector="#notices")
    shown = [row.split("\t") for row in page.texts(selector="section[aria-labelledby=types] tbody tr")]
    numbers = {row[0].split("\n")[0].strip(): int(row[1].replace(",", "")) for row in shown}
    assert numbers["Push"] == counted["PushEvent"] and numbers["Watch"] == counted["WatchEvent"]
    assert sum(numbers.values()) == sum(counted.values()) and len(numbers) == len(counted)
    assert sum(one["pixels"] for one in page.charts()[0]["series"]) > 3000
    page.keep("real-events")
    page.check()


def test_a_real_repository_known_from_its_events_alone(browser, past):
    busiest = past.get("/api/v1/events/repositories?type=PushEvent&per_page=1").json()["data"][0]["full_name"]
    page = browser.open(f"{past.url}/#/repos/{busiest}", width=PHONE)
    page.keep("real-repository-360")
    assert "Push" in page.text(selector="section[aria-labelledby=intervals]")
    page.check()
