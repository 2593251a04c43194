"""docs/grafana.json asks for what the replicas' /metrics has: its metrics, their labels and kinds. Each metric is on the dashboard."""

import json
import re

import pytest
from stack import PROJECT, request, wait_until

# What Prometheus and Grafana bring to a query themselves.
FUNCTIONS = {"sum", "max", "count", "rate", "increase", "histogram_quantile", "topk", "time", "vector"}
WORDS = {"by", "or", "le"}
ADDED_LABELS = {"job", "instance"}
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def queries():
    for panel in json.loads((PROJECT / "docs" / "grafana.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            yield pytest.param(target["expr"], target["legendFormat"], id=f"{panel['title']}-{target['refId']}")


@pytest.fixture(scope="module")
def exposed(stack):
    """{metric: (type, {labels})} of a replica that has answered something, once a poll has shown events."""
    stack.get("/api/v1/topics")
    address = stack.api_url("a") + "/metrics"
    wait_until(lambda: "\nrepopulse_event_newest_timestamp_seconds{" in request(address).text, what="the first poll")
    found, kinds = {}, {}
    for line in request(address).text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif not line.startswith("#"):
            name = NAME.match(line).group(0)
            labels = set(re.findall(r'([a-z_]+)="', line))
            kind = kinds.get(name) or kinds[name.rsplit("_", 1)[0]]
            found.setdefault(name, (kind, set()))[1].update(labels)
    return found


def taken_apart(query):
    """[(metric, {labels it is narrowed by}, whether over a time)], and what is grouped by."""
    selectors = [(name, set(re.findall(r"([a-z_]+)\s*=~?", inside or "")), bool(over))
                 for name, inside, over in re.findall(r"((?:repopulse|process)_[a-z_]+)(\{[^}]*\})?(\[[^\]]+\])?", query)]
    return selectors, set(re.findall(r"[a-z_]+", " ".join(re.findall(r"by \(([^)]*)\)", query))))


@pytest.mark.parametrize("query, legend", queries())
def test_a_query_asks_for_what_there_is(exposed, query, legend):
    selectors, grouped = taken_apart(query)
    assert selectors
    for name, narrowed, over_time in selectors:
        kind, labels = exposed[name]
        assert narrowed - ADDED_LABELS <= labels, name
        assert grouped - ADDED_LABELS <= labels, name
        # A rate is of what only grows, and what only grows means nothing else.
        assert over_time == (kind in ("counter", "histogram")), (name, kind)
    # What the legend names is what the query leaves.
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) == grouped - {"le"}


@pytest.mark.parametrize("query, legend", queries())
def test_a_query_is_well_formed(query, legend):
    bare = re.sub(r'"[^"]*"', "", query)
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)
    called = {name for name, parenthesis in re.findall(r"([a-z_]+)\s*(\()", bare)}
    assert called <= FUNCTIONS | WORDS
    assert "sum(rate(" not in query or "repopulse_event" not in query  # every replica tells the same of events


def test_each_metric_of_the_service_is_on_the_dashboard(exposed):
    asked = {name for query in queries() for name, _, _ in taken_apart(query.values[0])[0]}
    told = {re.sub(r"_(bucket|sum|count)$", "_bucket", name) if exposed[name][0] == "histogram" else name for name in exposed}
    assert told <= asked
