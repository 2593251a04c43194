"""Managing through the page: the key, a topic from its tracking to its ranking, a repository, jobs."""


def with_key(browser, stack, **words):
    page = browser.open(f"{stack.url}/#/manage", **words)
    page.fill(label="Key", value=stack.admin_key)
    page.click(role="button", name="Use it")
    page.waitForText(text="Tracked topics", selector="main")
    page.settled()
    return page


def test_a_topic_is_tracked_shown_and_given_up(browser, demo):
    page = with_key(browser, demo)
    page.fill(label="Topic", value="terraform")
    page.click(role="button", name="Track")
    page.waitForText(text="Tracked: terraform", selector="main")
    page.keep("manage-tracked")
    page.check()
    assert "terraform" in [topic["name"] for topic in demo.get("/api/v1/topics").json()["data"]]
    page.click(role="link", name="terraform")
    page.waitForText(text="The first data are being collected")
    assert demo.maintenance("collect").status == 200
    page.waitForText(text="of 40", selector=".pages")  # without a reload
    page.settled()
    page.check()

    page.click(role="link", name="Manage")
    page.waitForText(text="terraform", selector="main table")
    page.settled()
    page.click(role="button", name="Stop tracking terraform")
    page.waitForText(text="Really stop?")
    page.click(role="button", name="Stop tracking terraform")
    page.waitForText(text="terraform is no longer tracked", selector="#announcer")
    assert "terraform" not in [topic["name"] for topic in demo.get("/api/v1/topics").json()["data"]]


def test_a_wrong_key_is_refused_and_not_kept(browser, demo):
    page = browser.open(f"{demo.url}/#/manage")
    page.fill(label="Key", value="wrong")
    page.click(role="button", name="Use it")
    page.waitForText(text="This is not the admin key", selector="[role=alert]")
    assert page.evaluate(script="sessionStorage.length") == 0
    page.check(allowed=("403",))


def test_the_key_stays_in_the_tab(browser, demo):
    page = with_key(browser, demo)
    assert page.evaluate(script="localStorage.length + document.cookie.length") == 0
    assert demo.admin_key not in page.address()
    page.reload()
    page.settled()
    assert "Tracked topics" in page.text()
    page.click(role="button", name="Forget the key")
    page.waitForText(text="admin key", selector="main")
    assert page.evaluate(script="sessionStorage.length") == 0
    other = browser.open(f"{demo.url}/#/manage")
    assert "Tracked topics" not in other.text()


def test_jobs_are_started_and_seen_with_the_key(browser, demo):
    page = with_key(browser, demo)
    page.click(role="button", name="Refresh the caches")
    page.waitForText(text="It runs now", selector="main")
    page.click(role="link", name="Status")
    page.waitForText(text="refresh-cache", selector="section[aria-labelledby=jobs] tbody")
    page.settled()
    page.keep("status-with-jobs")
    page.check()


def test_a_repository_is_tracked_from_its_page(browser, demo):
    rows = demo.get("/api/v1/repos?active=false&per_page=1").json()["data"]
    name = rows[0]["full_name"]
    page = with_key(browser, demo)
    page.evaluate(script=f"location.hash = '#/repos/{name}'")
    page.waitForText(text="events not collected")
    page.click(role="button", name="Collect them")
    page.waitForText(text="events collected", selector=".tracking .good")
    assert demo.get(f"/api/v1/repos/{name}").json()["data"]["active"]
    page.click(role="button", name="Stop")
    page.waitForText(text="events not collected", selector=".tracking")


def test_a_name_that_cannot_be_is_refused_with_what_is_allowed(browser, demo):
    page = with_key(browser, demo)
    page.fill(label="Repository", value="no-such-owner/no-such-repository")
    page.click(selector="section[aria-labelledby=repositories] form button")
    page.waitForText(text="no-such-owner/no-such-repository", selector="section[aria-labelledby=repositories] [role=alert]")
    page.fill(label="Topic", value="Not A Topic")
    page.click(selector="section[aria-labelledby=topics] form button")
    assert page.evaluate(script="document.querySelector('section[aria-labelledby=topics] input').validity.patternMismatch")
    page.check(allowed=("404",))
