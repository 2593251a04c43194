"""Faults inside a body: each takes a decoded JSON answer or its bytes and spoils it."""

import json

from .render import compact

WRONG_TYPES = {
    "id": "not-a-number", "full_name": 42, "name": ["a", "list"], "owner": "nobody",
    "stargazers_count": "many", "forks_count": {"count": 1}, "open_issues_count": -1.5,
    "language": 7, "topics": "kubernetes", "license": "MIT", "archived": "yes",
    "created_at": 1234567890, "updated_at": "the day before yesterday", "pushed_at": False,
    "description": {"text": "an object"}}
WRONG_IN_EVENTS = {
    "id": {"not": "an id"}, "type": 7, "actor": "nobody", "repo": ["owner/name"], "payload": "none", "public": "yes",
    "created_at": 1234567890}
# What stands where an event should.
NO_EVENTS = (None, 42, "text", [], {}, {"id": "-1", "type": "PushEvent"},
             {"id": "99999999999999999999999", "type": "WatchEvent", "repo": {"id": 1, "name": "no-owner"}},
             {"id": "7", "type": "", "actor": None, "repo": None, "payload": None, "created_at": "yesterday"})
UNKNOWN = {"from_the_future": {"nested": [1, 2.5, None, "x"]}, "": "an empty name",
           "stargazers_count_v2": 1, "_links": [], "ключ": "значение"}


def _targets(value, how_many):
    """The objects to spoil: the items of a search answer or a list, or the answer itself."""
    if isinstance(value, list):
        items = [item for item in value if isinstance(item, dict)]
    else:
        items = value["items"] if isinstance(value.get("items"), list) else [value]
    return items[:how_many] if how_many else items


def _wrong(value):
    return WRONG_IN_EVENTS if isinstance(value, list) else WRONG_TYPES


def wrong_types(value, rule):
    for target in _targets(value, rule.get("items")):
        fields = rule.get("fields") or _wrong(value)
        target.update({name: _wrong(value).get(name, ["wrong"]) for name in fields})
    return value


def null_fields(value, rule):
    for target in _targets(value, rule.get("items")):
        target.update(dict.fromkeys(rule.get("fields") or _wrong(value)))
    return value


def missing_fields(value, rule):
    for target in _targets(value, rule.get("items")):
        for name in rule.get("fields") or _wrong(value):
            target.pop(name, None)
    return value


def malformed_entries(value, rule):
    """The first events of a list are none."""
    if isinstance(value, list):
        for place in range(min(len(value), rule.get("items", len(NO_EVENTS)))):
            value[place] = NO_EVENTS[place % len(NO_EVENTS)]
    return value


def unknown_fields(value, rule):
    for target in _targets(value, rule.get("items")):
        target.update(UNKNOWN)
    if isinstance(value, dict):
        value.update(UNKNOWN)
    return value


def incomplete_results(value, rule):
    """A search that timed out: fewer items, and it says so."""
    if isinstance(value, dict) and "items" in value:
        value["incomplete_results"] = True
        value["items"] = value["items"][:rule.get("keep", len(value["items"]))]
    return value


def duplicate_items(value, rule):
    if isinstance(value, list):
        value += value[:rule.get("items", 10)]
    elif "items" in value:
        value["items"] += value["items"][:rule.get("items", 10)]
    return value


def wrong_total(value, rule):
    if isinstance(value, dict) and "items" in value:
        value["total_count"] = rule.get("total_count", 0)
    return value


def replace_body(_, rule):
    return rule.get("value")


VALUE_FAULTS = {function.__name__: function for function in (
    wrong_types, null_fields, missing_fields, unknown_fields, incomplete_results,
    duplicate_items, malformed_entries, wrong_total, replace_body)}


def malformed_json(raw, _):
    return raw.replace(b":", b"=", 1) if b":" in raw else b"{,}"


def truncated_json(raw, rule):
    return raw[:int(len(raw) * rule.get("fraction", 0.6))]


def invalid_utf8(raw, _):
    spoiled = b'\xff\xfe\xc0\x80\xed\xa0\x80'
    return raw.replace(b'"description":"', b'"description":"' + spoiled).replace(b'"login":"', b'"login":"' + spoiled)


def deep_json(raw, rule):
    depth = rule.get("depth", 200_000)
    if raw.startswith(b"["):
        return b"[" * depth + b"]" * depth
    return b'{"total_count":1,"incomplete_results":false,"items":' + b"[" * depth + b"]" * depth \
        + b"}"


def huge_body(raw, rule):
    """Valid JSON, and far more of it than anybody should want to keep."""
    size = int(rule.get("size_mib", 64) * 1024 * 1024)
    start = raw.index(b"{") + 1
    more = b"," if raw[start:start + 1] != b"}" else b""
    return raw[:start] + b'"padding":"' + b"x" * size + b'"' + more + raw[start:]


def empty_body(_, __):
    return b""


def html_body(_, __):
    return b"<!DOCTYPE html>\n<html><body><h1>Whoa there!</h1></body></html>\n"


BYTE_FAULTS = {function.__name__: function for function in (
    malformed_json, truncated_json, invalid_utf8, deep_json, huge_body, empty_body, html_body)}


def spoil(kind, raw, rule):
    """The body `raw` after a fault of this kind. A body that is no JSON object or list stays as it is."""
    if kind in BYTE_FAULTS:
        if kind == "huge_body" and b"{" not in raw:
            return raw
        return BYTE_FAULTS[kind](raw, rule)
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    return compact(VALUE_FAULTS[kind](value, rule)).encode() if isinstance(value, (dict, list)) else raw
