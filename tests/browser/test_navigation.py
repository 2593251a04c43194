"""Going from one address to the next and back; what a page's head tells of it."""

import pytest
from stack import wait_until


def place(page):
    return page.evaluate(script="Math.round(scrollY)")


def test_going_back_finds_the_place_that_was_read(browser, demo):
    page = browser.open(f"{demo.url}/#/topics/kubernetes", height=600)
    page.evaluate(script="scrollTo(0, 700)")
    wait_until(lambda: page.evaluate(script="history.state?.top") == 700, what="the place to be kept")
    page.evaluate(script="document.querySelectorAll('tbody a.repository')[12].click()")
    page.waitForText(text="Recent events", selector="h2")
    page.settled()
    assert place(page) == 0  # a new view begins at its top
    page.evaluate(script="scrollTo(0, 300)")
    wait_until(lambda: page.evaluate(script="history.state?.top") == 300, what="the place to be kept")
    page.back()
    page.waitForText(text="Topic kubernetes", selector="h1")
    wait_until(lambda: place(page) == 700, timeout=10, what="the place in the ranking")
    page.evaluate(script="history.forward()")
    page.waitForText(text="Recent events", selector="h2")
    wait_until(lambda: place(page) == 300, timeout=10, what="the place in the repository's page")
    page.reload()
    page.settled()
    wait_until(lambda: place(page) == 300, timeout=10, what="the place after a reload")
    page.click(role="link", name="Topics")
    page.waitForText(text="Topics", selector="h1")
    page.settled()
    assert place(page) == 0


def test_the_readers_hands_are_stronger_than_the_place_kept(browser, demo):
    page = browser.open(f"{demo.url}/#/topics/kubernetes", height=600)
    page.evaluate(script="history.replaceState({ top: 700 }, '')")
    page.spoil(glob="**/topics/kubernetes/repositories*", status=202, body={"data": [], "meta": {}}, headers={"Retry-After": "1"})
    page.evaluate(script="location.hash = '#/events'")
    page.waitForText(text="Events now", selector="h1")
    page.settled()
    page.back()
    page.waitForText(text="The first data are being collected")
    page.press(key="Home")
    page.heal(glob="**/topics/kubernetes/repositories*")
    page.waitForCount(selector="tbody tr", number=20)
    page.settled()
    assert place(page) == 0


def test_topics_without_a_name_are_all_topics(browser, demo):
    page = browser.open(f"{demo.url}/#/topics")
    assert page.text(selector="h1") == "Topics" and "kubernetes" in page.text()
    assert page.attribute(selector="header nav a", name="aria-current") == "page"
    page.check()


def test_a_repository_without_its_name_is_not_asked_for(browser, demo):
    page = browser.open(f"{demo.url}/#/repos/somebody")
    assert "#/repos/OWNER/NAME" in page.text(selector="main .problem")
    page.check()


@pytest.mark.parametrize("address, feeds, words", [
    ("topics/kubernetes", ["/api/v1/topics/kubernetes/feed.atom", "/api/v1/topics/kubernetes/feed.json"], "of the topic kubernetes"),
    ("trending?topic=kubernetes", ["/api/v1/topics/kubernetes/feed.atom", "/api/v1/topics/kubernetes/feed.json"], "of the topic kubernetes"),
    ("trending", ["/api/v1/trending.atom", "/api/v1/trending/feed.json"], "of what trends everywhere")])
def test_a_page_tells_its_feeds(browser, demo, address, feeds, words):
    page = browser.open(f"{demo.url}/#/{address}")
    told = page.evaluate(script="[...document.querySelectorAll('link[rel=alternate]')].map((link) => [link.getAttribute('href'), link.type, link.title])")
    types = ["application/atom+xml", "application/feed+json"]
    assert told == [[href, kind, f"{name} {words}"] for href, kind, name in zip(feeds, types, ["Atom feed", "JSON Feed"], strict=True)]
    for href, kind, title in told:
        assert page.text(selector=f"main a[href='{href}']") == title
        assert demo.get(href).headers["content-type"].startswith(kind)
    page.click(role="link", name="Events")
    page.waitForText(text="Events now", selector="h1")
    assert page.count(selector="link[rel=alternate]") == 0
