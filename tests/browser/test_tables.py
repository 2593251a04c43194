"""Tables: what is marked as sorted is so, and no column is out of reach on a phone."""

import pytest

PHONE = 360


def top(stack, number=3):
    return [row["full_name"] for row in stack.get(f"/api/v1/topics/kubernetes/repositories?per_page={number}").json()["data"]]


def cells_of(page, place):
    return [row.split("\t")[place] for row in page.texts(selector="tbody tr")]


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
    assert [head for head in heads if head not in [text.removesuffix(" ↓") for text in page.texts(selector="thead th")]] == []
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
    assert page.texts(selector=".events .who") == actors
    page.check()
