"""Every page of the dashboard in a real browser, with data: what it shows, at both ends of screens, in light and dark."""

import pytest

PHONE, DESK = 360, 1440
PAGES = {
    "topics": "#/", "topic": "#/topics/kubernetes", "topic-active": "#/topics/kubernetes?sort=activity", "repository": None, "trending": "#/trending?explain=true",
    "compare": None, "events": "#/events", "status": "#/status", "manage": "#/manage",
}


def top(stack, number=3):
    return [row["full_name"] for row in stack.get(f"/api/v1/topics/kubernetes/repositories?per_page={number}").json()["data"]]


def address(stack, page):
    if page == "repository":
        return f"#/repos/{top(stack, 1)[0]}"
    if page == "compare":
        return f"#/compare?repos={','.join(top(stack))}"
    return PAGES[page]


@pytest.mark.parametrize("width, scheme", [(DESK, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_clean_and_accessible(browser, demo, name, width, scheme):
    page = browser.open(f"{demo.url}/{address(demo, name)}", width=width, scheme=scheme)
    if name == "topics":
        wait_for_lines(page, demo)
    page.keep(f"{name}-{width}")
    assert page.count(selector="main h1") == 1
    assert page.count(selector="main [role=alert]:not(:empty)") == 0, page.text()
    assert "Demo data" in page.text(selector="#notices")
    for nonsense in ("undefined", "null", "NaN", "[object"):
        assert nonsense not in page.text()
    page.check()


def test_the_first_view_is_small(browser, demo):
    """At most 150 KB come over the wire, and a visit after the first asks only whether anything changed."""
    page = browser.open(f"{demo.url}/")
    wait_for_lines(page, demo)
    weight = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation')).reduce((sum, one) => sum + one.transferSize, 0)"
    assert 10_000 < page.evaluate(script=weight) < 150_000


def test_the_first_view_is_drawn_soon_after_its_answers(browser, demo):
    late = """lastDrawn - Math.max(...performance.getEntriesByType('resource').filter((one) => one.initiatorType === 'fetch').map((one) => one.responseEnd))"""
    delays = []
    for _ in range(3):
        page = browser.open(f"{demo.url}/")
        wait_for_lines(page, demo)
        delays.append(page.evaluate(script=late))
    assert min(delays) < 300, delays  # ms; of three, as others may use the machine


def lists_of(stack, topic="kubernetes"):
    """What the first view shows of a topic: the rows of its three lists."""
    rows = [stack.get(f"/api/v1/topics/{topic}/repositories?sort={sort}&per_page=5").json()["data"] for sort in ("popularity", "activity", "trending")]
    return [rows[0], rows[1], [row for row in rows[2] if row["trending"]]]


def wait_for_lines(page, stack):
    """Until the first view has all its trend lines; says of how many topics."""
    topics = [row["name"] for row in stack.get("/api/v1/topics?per_page=100").json()["data"]]
    page.waitForCount(selector=".short .spark", number=sum(len(rows) for topic in topics for rows in lists_of(stack, topic)))
    return len(topics)


def test_the_topics_show_what_the_api_says(browser, demo):
    page = browser.open(f"{demo.url}/")
    shown = page.texts(selector=".columns > div:first-child .short a")
    assert shown == top(demo, 5)
    active = demo.get("/api/v1/topics/kubernetes/repositories?sort=activity&per_page=5").json()["data"]
    assert page.texts(selector=".columns > div:nth-child(2) .short a") == [row["full_name"] for row in active]


def test_the_first_view_has_trend_lines_and_changes_of_rank(browser, demo):
    page = browser.open(f"{demo.url}/")
    page.waitForRequests(part="/api/v1/compare", number=wait_for_lines(page, demo))  # one a topic, whatever its lists are
    popular = lists_of(demo)[0]
    places = [f".columns > div:first-child .short li:nth-child({place})" for place in range(1, 6)]
    # The first gained one star a day, the second two; of thirty days the first is what is counted from.
    gained = {name: 29 * (place + 1) for place, name in enumerate(demo.history)}
    assert [page.attribute(selector=f"{place} .spark", name="aria-label") for place in places] == [f"Stars in 30 days: +{gained[row['full_name']]}" for row in popular]
    moved = [page.count(selector=f"{place} :is(.up, .down)") for place in places]
    assert moved == [1 if row["rank_change"] else 0 for row in popular]
    page.keep("topics-lines")
    page.check()


def test_only_topics_on_the_screen_ask_for_lines(browser, demo):
    page = browser.open(f"{demo.url}/#/status", width=PHONE, height=300)
    rows = lists_of(demo)[0]
    topics = [{"name": name, "repositories_count": 5, "complete": True, "data_as_of": "2026-01-01T00:00:00Z"} for name in ("above", "below")]
    page.spoil(glob="**/api/v1/topics?*", status=200, body={"data": topics, "meta": {}})
    page.spoil(glob="**/api/v1/topics/*/repositories?*", status=200, body={"data": [{**row, "trending": None} for row in rows], "meta": {}})
    page.evaluate(script="location.hash = '#/'")
    page.waitForCount(selector="#topic-below", number=1)
    page.waitForCount(selector=".short .spark", number=10)  # popular and active, of the first
    page.waitForRequests(part="/api/v1/compare", number=1)
    page.evaluate(script="document.getElementById('topic-below').scrollIntoView()")
    page.waitForCount(selector=".short .spark", number=20)
    page.waitForRequests(part="/api/v1/compare", number=2)
    page.check()


def test_lists_are_whole_where_lines_cannot_be_had(browser, demo):
    page = browser.open(f"{demo.url}/#/events")
    page.spoil(glob="**/api/v1/compare?*", status=503, body={"title": "Service Unavailable", "status": 503})
    page.click(role="link", name="Topics")
    page.waitForRequests(part="/api/v1/compare", number=1)
    page.settled()
    assert page.texts(selector=".columns > div:first-child .short a")[:5] == top(demo, 5)
    assert page.count(selector=".short .spark") == 0 and page.count(selector="main [role=alert]") == 0
    page.check(allowed=("503",))


def test_a_ranking_has_ranks_growth_and_trend_lines(browser, demo):
    page = browser.open(f"{demo.url}/#/topics/kubernetes")
    rows = page.texts(selector="tbody tr")
    assert len(rows) == 20 and top(demo, 1)[0] in rows[0]
    # The first gained one star a day, so seven in seven days, and the eighth eight a day.
    gained = page.texts(selector="tbody tr td:nth-child(4)")
    assert (gained[0], gained[7]) == ("+7", "+56")
    lines = page.count(selector="svg.spark polyline")
    assert lines == 20
    assert page.attribute(selector="svg.spark", name="aria-label") == "Stars in 30 days: +29"


def test_sorting_filtering_paging_and_the_back_button_are_addresses(browser, demo):
    page = browser.open(f"{demo.url}/#/topics/kubernetes")
    first = page.text(selector="tbody tr a")
    page.click(role="link", name="Newest")
    page.waitForAddress(part="sort=newest")
    page.settled()
    newest = demo.get("/api/v1/topics/kubernetes/repositories?sort=newest&per_page=1").json()["data"][0]["full_name"]
    assert page.text(selector="tbody tr a") == newest != first
    page.fill(label="At least stars", value="100")
    page.click(role="button", name="Show")
    page.waitForAddress(part="min_stars=100")
    page.settled()
    fitting = demo.get("/api/v1/topics/kubernetes/repositories?sort=newest&min_stars=100").json()["meta"]["total"]
    assert f"of {fitting}" in page.text(selector=".pages")
    page.back()
    page.settled()
    page.back()
    page.settled()
    assert page.text(selector="tbody tr a") == first
    page.click(role="link", name="Next page")
    page.waitForAddress(part="cursor=")
    page.settled()
    assert page.text(selector="tbody tr td").startswith("21")
    page.reload()
    page.settled()
    assert page.text(selector="tbody tr td").startswith("21")
    page.check()


def test_a_repositorys_charts_are_drawn(browser, demo):
    name = top(demo, 1)[0]
    page = browser.open(f"{demo.url}/#/repos/{name}?days=90")
    charts = {chart["label"].split(" of ")[0]: chart["series"] for chart in page.charts()}
    assert {"Stars", "Forks", "Open issues", "Events"} == set(charts)
    for label in ("Stars", "Forks", "Open issues"):
        assert charts[label][0]["pixels"] > 100, charts
    events = demo.get(f"/api/v1/repos/{name}/activity/history").json()
    assert events["meta"]["sample_size"] > 0
    assert len(charts["Events"]) > 3 and sum(series["pixels"] for series in charts["Events"]) > 500, charts
    # The legend tells the newest number, which is the one the topic's ranking has too.
    stars = demo.history[name]
    assert f"{stars[-1]:,}" in charts["Stars"][0]["name"] or f"{stars[-1] / 1000:.1f}K" in charts["Stars"][0]["name"]


def test_the_time_that_is_not_over_is_shaded(browser, demo):
    """Its bar looks smaller than it will be: a dive at the end would be nothing that happened."""
    shaded = """[...document.querySelectorAll("figure.chart:has(figcaption)")].map((figure) => {
        const canvas = figure.querySelector("canvas");
        const wanted = getComputedStyle(figure.querySelector(".swatch.shaded")).backgroundColor.match(/\\d+/g).map(Number);
        const { data } = canvas.getContext("2d").getImageData(canvas.width / 2, 0, canvas.width / 2, canvas.height);
        let pixels = 0;
        for (let i = 0; i < data.length; i += 4) if (wanted.every((value, part) => data[i + part] === value)) ++pixels;
        return pixels;
    })"""
    names = top(demo, 2)
    for where, unit, charts in (("events", "minute", 1), (f"repos/{names[0]}?days=7", "hour", 1), (f"repos/{names[0]}?days=30", "day", 1),
                                (f"compare?measure=events&repos={','.join(names)}", "day", 1), (f"compare?measure=stars&repos={','.join(names)}", "", 0)):
        page = browser.open(f"{demo.url}/#/{where}")
        counted = page.evaluate(script=shaded)
        # A high bar hides most of it, and of a week's last hour there are few pixels in all.
        assert len(counted) == charts and (unit == "hour" or all(counted)), (where, counted)
        if charts:
            text = page.text(selector="figcaption")
            assert text.startswith("Shaded: the last") and unit in text and "not over" in text


def test_a_chart_can_be_read_by_keyboard_and_as_a_table(browser, demo):
    name = top(demo, 1)[0]
    page = browser.open(f"{demo.url}/#/repos/{name}")
    page.focus(selector="#popularity ~ *, section[aria-labelledby=popularity] .plot")
    page.press(key="End")
    page.waitForText(text="(UTC)", selector="section[aria-labelledby=popularity] .legend .when")
    page.click(selector="section[aria-labelledby=popularity] summary")
    numbers = "section[aria-labelledby=popularity] .charts > div:first-child tbody td"
    page.waitForCount(selector=numbers, number=31)
    stars = [int(text.replace(",", "")) for text in page.texts(selector=numbers)]
    assert stars == list(reversed(demo.history[name]))[:31]


def test_times_are_the_readers_with_utc_beside_them(browser, demo):
    as_of = demo.get("/api/v1/topics").json()["data"][0]["data_as_of"]
    for zone in ("Asia/Tokyo", "America/New_York"):
        page = browser.open(f"{demo.url}/#/topics/kubernetes", zone=zone)
        title = page.attribute(selector=f'time[datetime="{as_of}"]', name="title")
        assert zone in title and f"{as_of[:10]} {as_of[11:19]} UTC" in title


def test_health_and_embeds(browser, demo):
    name = top(demo, 1)[0]
    page = browser.open(f"{demo.url}/#/repos/{name}")
    health = demo.get(f"/api/v1/repos/{name}/health").json()["data"]
    shown = page.text(selector="section[aria-labelledby=health]")
    assert str(health["contributor_absence_factor"]["value"]) in shown
    events = sum(int(text.replace(",", "")) for text in page.texts(selector=".heatmap td.heat"))
    assert events == health["activity_dates_and_times"]["events"]
    page.choose(label="What", exact=False, value="6")  # the first chart
    page.waitForText(text="Markdown", selector=".codes")
    assert page.attribute(selector=".preview img", name="src") == f"/api/v1/repos/{name}/chart/stars.svg"
    code = page.evaluate(script="document.querySelector('input[aria-label=Markdown]').value")
    assert code == f"[![Stars of {name}]({demo.url}/api/v1/repos/{name}/chart/stars.svg)]({demo.url}/#/repos/{name})"
    page.evaluate(script="document.querySelector('.preview img').scrollIntoView()")
    page.evaluate(script="document.querySelector('.preview img').decode().then(() => true)")
    assert page.evaluate(script="document.querySelector('.preview img').naturalWidth") == 800
    page.check()


def test_older_events_come_behind_the_newer_ones(browser, demo):
    name = demo.get("/api/v1/coverage").json()["data"][1]["repository"]
    listed = demo.get(f"/api/v1/repos/{name}/events?per_page=40").json()["data"]
    page = browser.open(f"{demo.url}/#/repos/{name}")
    page.click(role="button", name="Older ones")
    page.waitForText(text=listed[20]["actor"]["login"], selector=".events li:nth-child(21)")
    assert page.count(selector=".events li") == min(40, len(listed))
    assert page.texts(selector=".events .who") == [event["actor"]["login"] for event in listed]


def test_repositories_are_compared_and_the_address_says_whom(browser, demo):
    names = top(demo, 3)
    page = browser.open(f"{demo.url}/#/compare?repos={names[0]}")
    for name in names[1:]:
        page.fill(label="Add a repository", value=name)
        page.click(role="button", name="Add")
        page.waitForText(text=name, selector=".chips")
        page.settled()
    assert all(name.replace("/", "%2F") in page.address() for name in names)
    # Stars gained in thirty days: one, two, three a day.
    gained = page.texts(selector="section[aria-labelledby=series] .block > div tbody td:nth-child(3)")
    assert gained == ["+30", "+60", "+90"]
    series = page.charts()[0]["series"]
    assert [one["pixels"] > 100 for one in series] == [True] * 3, series
    page.click(role="link", name=f"Without {names[1]}")
    page.waitForCount(selector=".chips .chip", number=2)
    page.settled()
    assert page.texts(selector=".chips .chip a:first-child") == [names[0], names[2]]
    page.fill(label="Add a repository", value="nonsense")
    page.click(role="button", name="Add")
    assert "owner/name" in page.text(selector="form [role=alert]")
    page.check()


def test_events_now_are_drawn_by_the_minute(browser, demo):
    page = browser.open(f"{demo.url}/#/events")
    chart = page.charts()[0]
    assert sum(one["pixels"] for one in chart["series"]) > 300, chart
    counted = {row["type"] for row in demo.get("/api/v1/events/counts?minutes=60").json()["data"]}
    assert page.count(selector="section[aria-labelledby=types] tbody tr") >= len(counted) - 1


def test_the_status_tells_sources_budget_and_parts(browser, demo):
    page = browser.open(f"{demo.url}/#/status")
    text = page.text()
    assert "✓ ready" in text and "GitHub requests left" in text
    sources = demo.get("/api/v1/coverage?per_page=100").json()["data"]
    assert page.count(selector="section[aria-labelledby=sources] .block > div tbody tr") >= len(sources)
    page.click(role="button", name="Gaps")
    assert page.attribute(selector="section[aria-labelledby=sources] th:nth-child(4)", name="aria-sort") == "descending"
    assert "admin key" in page.text(selector="section[aria-labelledby=jobs]")


def test_the_api_has_its_page(browser, demo):
    page = browser.open(f"{demo.url}/")
    page.click(role="link", name="API")
    page.waitForText(text="/api/v1/topics/{topic}/repositories")
    page.check()


@pytest.mark.parametrize("width, scheme", [(DESK, "light"), (PHONE, "light"), (PHONE, "dark")])
def test_the_apis_page_is_clean_and_accessible(browser, demo, width, scheme):
    page = browser.open(f"{demo.url}/docs", width=width, scheme=scheme, settle=False)
    page.waitForText(text="/api/v1/topics/{topic}/repositories")
    page.check()
    page.click(selector="#operations-Topics-listTopics .opblock-summary-control")
    page.waitForText(text="Responses", selector=".opblock.is-open")
    page.keep(f"docs-{width}-{scheme}")
    assert page.address() == "#/Topics/listTopics"  # though no link is within the button any more
    page.check()


@pytest.mark.parametrize("width, scheme", [(DESK, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("name", ["event-avg-time", "event-avg-time?event_type=PushEvent", "events-total-count?offset=86400"])
def test_a_page_that_the_server_draws_is_clean_and_accessible(browser, demo, name, width, scheme):
    page = browser.open(f"{demo.url}/visualization/{name}", width=width, scheme=scheme, settle=False)
    page.keep(f"{name.split('?')[0]}-{width}")
    assert page.count(selector="main h1") == 1 and page.count(selector="figure svg") == 1
    page.check()


def test_it_can_be_used_by_keyboard_alone(browser, demo):
    page = browser.open(f"{demo.url}/")
    page.press(key="Tab")
    assert page.focused() == "Skip to the content"
    page.press(key="Enter")
    for _ in range(12):
        page.press(key="Tab")
        if page.focused() == "kubernetes":
            break
    page.press(key="Enter")
    page.waitForText(text="Topic kubernetes", selector="h1")
    page.settled()
    assert page.title() == "kubernetes · Repopulse"
    assert page.evaluate(script="document.activeElement.id") == "main"  # reading goes on at the new page's beginning
    assert page.evaluate(script="document.getElementById('announcer').textContent") == "kubernetes"


def test_the_colours_are_the_readers_choice(browser, demo):
    page = browser.open(f"{demo.url}/", scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(script=ground)
    page.click(selector="#theme")
    page.click(selector="#theme")
    dark = page.evaluate(script=ground)
    assert dark != light and page.text(selector="#theme") == "Dark"
    page.reload()
    page.settled()
    assert page.evaluate(script=ground) == dark
    page.check()
