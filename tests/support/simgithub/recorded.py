"""Recorded search answers, served as they are in their files for a topic of their own."""

import json

from .answer import Body
from .model import parse_rfc3339
from .render import compact


class RecordedRepository:
    """An item of a recording, with the attributes that a query asks for."""

    def __init__(self, item):
        self.item = item
        self.name, self.description = item["name"], item.get("description")
        self.stargazers_count, self.forks_count = item["stargazers_count"], item["forks_count"]
        self.size, self.language = item["size"], item["language"]
        self.archived, self.fork = item["archived"], item["fork"]
        self.created_at = parse_rfc3339(item["created_at"])
        self.updated_at = parse_rfc3339(item["updated_at"])
        self.pushed_at = parse_rfc3339(item["pushed_at"]) if item["pushed_at"] else None


class Recording:
    def __init__(self, text):
        """`text` is a file of either shape: an answer with a body, or the body alone."""
        value = json.loads(text)
        body = value["body"] if "body" in value and "items" not in value else value
        if isinstance(body, str):
            self.raw, body = body, json.loads(body)
        else:
            self.raw = text if body is value else compact(body)
        self.total = body["total_count"]
        self.repositories = [RecordedRepository(item) for item in body["items"]]

    def page(self, query, page, attribute, descending):
        """Page 1 as it was recorded, or what of it the query lets through; no page after it."""
        if page > 1:
            return self._body([], query)
        if not _narrows(query):
            return Body(self.raw)
        found = [repo for repo in self.repositories if query.matches(repo)]
        found.sort(key=lambda repo: getattr(repo, attribute), reverse=descending)
        return self._body(found, query)

    def _body(self, repositories, query):
        total = self.total
        if _narrows(query):
            total = sum(query.matches(repo) for repo in self.repositories)
        return Body(compact({"total_count": total, "incomplete_results": False,
                             "items": [repo.item for repo in repositories]}))


def _narrows(query):
    return bool(query.ranges or query.flags or query.languages or query.terms)


class Recordings:
    """The recordings by topic, and their repositories by id and name."""

    def __init__(self, texts):
        self.by_topic = {topic: Recording(text) for topic, text in texts.items()}
        items = [repo.item for recording in self.by_topic.values()
                 for repo in recording.repositories]
        self._by_id = {item["id"]: item for item in items}
        self._by_name = {item["full_name"].lower(): item for item in items}

    def for_query(self, query):
        return self.by_topic.get(query.topics[0]) if len(query.topics) == 1 else None

    def full(self, reference):
        """The full repository with this id or name as JSON, or None."""
        item = self._by_id.get(reference) if isinstance(reference, int) else \
            self._by_name.get(reference.lower())
        if item is None:
            return None
        known = {key: value for key, value in item.items() if key != "score"}
        return compact({"has_discussions": False, "network_count": item["forks_count"],
                        "subscribers_count": item["watchers_count"], **known})

    def truth(self, topic):
        """Items of a recording in the form of the other topics' truth."""
        names = ("id", "node_id", "full_name", "name", "description", "homepage", "language",
                 "stargazers_count", "forks_count", "open_issues_count", "size",
                 "default_branch", "topics", "fork", "archived", "disabled", "created_at",
                 "updated_at", "pushed_at")
        rows = []
        for repo in self.by_topic[topic].repositories:
            item = repo.item
            row = {name: item.get(name) for name in names}
            row["owner"], row["owner_type"] = item["owner"]["login"], item["owner"]["type"]
            row["license"] = item["license"]["spdx_id"] if item["license"] else None
            row["status"] = 200
            rows.append(row)
        return rows
