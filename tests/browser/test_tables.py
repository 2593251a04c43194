"""Tables: what is marked as sorted is so, no column is out of reach on a phone, and their links give what they say."""

import csv
import io
import re

import pytest

PHONE = 360


def top(stack, number=3):
    return [row["full_name"] for row in stack.get(f"/api/v1/topics/kubernetes/repositories?per_page={number}").json()["data"]]


def drawn(page, selector):
    """The texts of those that are not hidden."""
    return page.evaluate(script=f"[...document.querySelectorAll('{selector}')].filter((one) => one.offsetWidth > 0).map((one) => one.textContent)")


@pytest.mark.parametrize("sort, head, field", [("popularity", "Stars", None), ("activity", "Activity", None), ("newest", "Created", "created_at"),
                                               ("updated", "Updated", "updated_at")])
def test_the_marked_column_is_what_a_ranking_is_sorted_by(browser, demo, sort, head, field):
    page = browser.open(f"{demo.url}/#/topics/kubernetes?sort={sort}")
    marked = page.texts(selector="th[aria-sort]")
    assert marked == [head]
    place = page.texts(selector="thead th").index(head) + 1
    assert page.attribute(selector=f"thead th:nth-child({place})", name="aria-sort") == "descending"
    if field:
        times = f"[...document.querySelectorAll('tbody td:nth-child({place}) time')].map((time) => time.dateTime)"
        rows = demo.get(f"/api/v1/topics/kubernetes/repositories?sort={sort}&per_page=20").json()["data"]
        shown = page.evaluate(script=times)
        assert shown == [row[field] for row in rows] == sorted(shown, reverse=True)


@pytest.mark.parametrize("name, heads", [
    ("topics/kubernetes?sort=activity", ["In 7 days", "Activity", "Language", "Pushed", "Updated"]),
    ("trending?explain=true", ["of stars", "of forks", "of age", "People", "Pushed"]),
    ("compare", ["Activity", "Forks", "Open issues", "Watched", "Language"]),
    ("status", ["Next", "Last error"])])
def test_every_column_can_be_reached_on_a_phone(browser, demo, name, heads):
    if name == "compare":
        name = f"compare?repos={','.join(top(demo))}"
    page = browser.open(f"{demo.url}/#/{name}", width=PHONE, height=740)
    assert set(heads) <= set(drawn(page, "thead th"))
    # By keyboard alone: the box of the table takes the focus, and its arrow keys bring the last column into the window.
    page.focus(selector=".scroll:has(thead)")
    last = "document.querySelector('.scroll:has(thead) thead th:last-child').getBoundingClientRect()"
    assert page.evaluate(script=f"{last}.right") > PHONE  # else there is nothing to reach
    for _ in range(60):
        page.press(key="ArrowRight")
        if page.evaluate(script=f"{last}.width > 0 && {last}.right <= innerWidth"):
            break
    else:
        raise AssertionError("the last column stays outside")
    # What a row is about is still there to be read.
    assert 0 <= page.evaluate(script="document.querySelector('.scroll:has(thead) tbody th').getBoundingClientRect().left") < PHONE / 2
    assert page.attribute(selector=".scroll:has(thead)", name="aria-label") and page.attribute(selector=".scroll:has(thead)", name="role") == "region"
    page.check()


def test_who_did_it_is_told_on_a_phone_too(browser, demo):
    source = next(one["repository"] for one in demo.get("/api/v1/coverage").json()["data"] if one["repository"])
    page = browser.open(f"{demo.url}/#/repos/{source}", width=PHONE)
    actors = [event["actor"]["login"] for event in demo.get(f"/api/v1/repos/{source}/events?per_page=20").json()["data"]]
    assert actors and drawn(page, ".events .who") == actors
    page.check()


def rows_of(stack, href):
    answer = stack.get(href)
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/csv"), href
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_rankings_csv_says_which_rows_it_gives(browser, demo):
    link = "section[aria-labelledby=ranking] a[href*='format=csv']"
    page = browser.open(f"{demo.url}/#/topics/kubernetes")
    total = demo.get("/api/v1/topics/kubernetes/repositories").json()["meta"]["total"]
    assert page.text(selector=link) == f"CSV of the first 100 of {total}"
    assert [row["rank"] for row in rows_of(demo, page.attribute(selector=link, name="href"))] == [str(rank) for rank in range(1, 101)]
    page.click(role="link", name="Next page")
    page.waitForAddress(part="cursor=")
    page.settled()
    assert page.text(selector=link) == f"CSV of 21 to 120 of {total}"
    assert [row["rank"] for row in rows_of(demo, page.attribute(selector=link, name="href"))] == [str(rank) for rank in range(21, 121)]
    few = demo.get("/api/v1/topics/kubernetes/repositories?language=python").json()["meta"]["total"]
    page = browser.open(f"{demo.url}/#/topics/kubernetes?language=python")
    assert 0 < few <= 100 and page.text(selector=link) == f"CSV of all {few}"


@pytest.mark.parametrize("name, sections", [("trending", ["list"]), ("events", ["minutes", "types", "busiest", "published"]), ("status", ["fresh", "sources"]),
                                            ("compare", ["series"]), ("repository", ["activity", "popularity", "intervals", "recent"])])
def test_whatever_is_a_table_in_the_api_has_its_link(browser, demo, name, sections):
    first = top(demo, 2)
    where = {"repository": f"repos/{first[0]}", "compare": f"compare?repos={','.join(first)}"}.get(name, name)
    page = browser.open(f"{demo.url}/#/{where}")
    for section in sections:
        link = f"section[aria-labelledby={section}] a[href*='format=csv']"
        rows = rows_of(demo, page.attribute(selector=link, name="href"))
        said = re.fullmatch(r"CSV(, by action too| of (all ([\d,]+)|at most 100|the first 100 of ([\d,]+)))?", page.text(selector=link))
        assert said and rows, (section, page.text(selector=link))
        if said[3]:
            assert len(rows) == int(said[3].replace(",", ""))
        elif said[2]:
            assert len(rows) <= 100
