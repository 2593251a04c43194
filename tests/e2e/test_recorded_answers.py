"""Real answers of GitHub's search, recorded, from end to end: the order by stars and every field as in the file."""

import pytest
from contract import (PREDECESSOR_ORDERS, RANKING_ORDERS, all_rows, predecessor_list, v1_part, v1_row)
from service import recorded_files
from simulated import body_of

FILES = recorded_files()
pytestmark = pytest.mark.skipif(not FILES, reason="../shared/data/github with the recorded answers is not beside the project")
TOPICS = ("recorded-2020", "recorded-2024")


def items(topic):
    """The file's items in the form of a truth."""
    found = body_of(FILES[topic].read_text())["items"]
    return [{**item, "owner": item["owner"]["login"], "license": item["license"] and item["license"]["spdx_id"]} for item in found]


@pytest.mark.parametrize("topic", TOPICS)
def test_the_files_are_what_these_tests_take_them_for(topic):
    assert len(items(topic)) == {"recorded-2020": 30, "recorded-2024": 10}[topic]
    assert all(item["html_url"] == f"https://github.com/{item['full_name']}" for item in items(topic))


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("family", ["/api/", "/db/"])
@pytest.mark.parametrize("kind", list(PREDECESSOR_ORDERS))
def test_predecessors_lists(service, topic, family, kind):
    answer = service.get(f"{family}{kind}{topic}")
    assert answer.json() == predecessor_list(items(topic), PREDECESSOR_ORDERS[kind])


@pytest.mark.parametrize("topic", TOPICS)
def test_the_order_by_stars_is_that_of_the_recorded_ranking(service, topic):
    stars = [item["stargazers_count"] for item in items(topic)]
    rows = service.get(f"/api/popularity/{topic}").json()
    assert [row["stargazers_count"] for row in rows] == sorted(stars, reverse=True)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("sort", list(RANKING_ORDERS))
def test_rankings(service, topic, sort):
    rows = all_rows(service.get, f"/api/v1/topics/{topic}/repositories?sort={sort}&per_page=7")
    assert [v1_part(row) for row in rows] == [v1_row(item) for item in RANKING_ORDERS[sort](items(topic))]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("topic", TOPICS)
def test_each_repository_by_name(service, topic):
    for item in items(topic):
        answer = service.get(f"/api/v1/repos/{item['full_name']}")
        assert answer.status == 200, answer.text
        assert v1_part(answer.json()["data"]) == v1_row(item)
        assert answer.json()["data"]["topics"] == [topic]
        history = service.get(f"/api/v1/repos/{item['full_name']}/popularity/history").json()["data"]
        assert history[-1]["stargazers_count"] == item["stargazers_count"]
        assert history[-1]["forks_count"] == item["forks_count"]
        assert history[-1]["open_issues_count"] == item["open_issues_count"]


@pytest.mark.parametrize("topic", TOPICS)
def test_the_topic_counts_what_it_holds_and_what_github_reported(service, topic):
    data = service.get(f"/api/v1/topics/{topic}").json()["data"]
    assert data["repositories_count"] == len(items(topic))
    assert data["reported_count"] == body_of(FILES[topic].read_text())["total_count"]
