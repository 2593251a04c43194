"""What the pages do with nothing to show, with what is wrong, old or late, and with hostile data."""

import pytest
from replayed import Replayed
from recount import real_hours, seconds

PHONE = 360
PROBLEM = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "The database cannot be reached.", "instance": "request-of-the-test"}


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
