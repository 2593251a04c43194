"""The API's description as tests use it: its operations, requests made from its examples, and answers held against it.

    document = Document.joined()                 # of api/openapi/*.yaml, as the service is built with
    operation = document.operation("showTopic")
    target = operation.target(path={"topic": "rust"})
    operation.check(answer)                      # AssertionError where status, header or body is not as described
"""

import csv
import dataclasses
import functools
import gzip
import io
import json
import pathlib
import subprocess
import urllib.parse
import xml.etree.ElementTree as ElementTree

import jsonschema

PROJECT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "delete")
# What any HTTP answer may have, and what the proxy adds to all of them.
COMMON_HEADERS = {"server", "date", "connection", "content-type", "content-length", "content-encoding", "transfer-encoding", "accept-ranges",
                  "x-content-type-options", "referrer-policy", "content-security-policy", "access-control-expose-headers"}


class Document:
    def __init__(self, value):
        self.value = value
        self.resolver = jsonschema.RefResolver.from_schema(value)

    @classmethod
    @functools.lru_cache
    def joined(cls):
        files = sorted(str(path) for path in (PROJECT / "api" / "openapi").glob("*.yaml"))
        done = subprocess.run([str(PROJECT / "api" / "openapi" / "join"), "0.0", *files], stdout=subprocess.PIPE, check=True, timeout=60)
        return cls(json.loads(done.stdout))

    def resolve(self, node):
        """What a reference stands for; what is said beside it goes before."""
        if "$ref" not in node:
            return node
        found = self.value
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return {**self.resolve(found), **{name: value for name, value in node.items() if name != "$ref"}}

    @functools.cached_property
    def operations(self):
        return [Operation(self, method.upper(), path, item[method]) for path, item in self.value["paths"].items()
                for method in METHODS if method in item]

    def operation(self, name):
        return next(one for one in self.operations if one.id == name)

    def mistakes(self, schema, value):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in validator.iter_errors(value)]


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    required: bool
    schema: dict  # resolved
    only: str  # the job it is for; empty: any
    examples: tuple

    @classmethod
    def of(cls, document, node):
        value = document.resolve(node)
        schema = document.resolve(value["schema"])
        if "anyOf" in schema:
            schema = {**schema, "anyOf": [document.resolve(one) for one in schema["anyOf"]]}
        examples = [value["example"]] if "example" in value else schema.get("enum") or schema.get("examples", [])
        return cls(value["name"], value["in"], value.get("required", False), schema, value.get("x-only", ""), tuple(examples))

    def wrong(self):
        """Values that the schema does not allow."""
        schema, kind, values = self.schema, self.schema.get("type"), []
        if "enum" in schema:
            values += ["no-such-word", schema["enum"][0].upper()]
        if kind == "integer":
            values += ["x", "1.5", "99999999999999999999"]
            values += [str(schema["minimum"] - 1)] if "minimum" in schema else []
            values += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        if kind == "boolean":
            values += ["perhaps", "1"]
        if "maxLength" in schema:
            values.append("x" * (schema["maxLength"] + 1))
        if "pattern" in schema or "anyOf" in schema:
            tried = ["a b", "a_b", "x" * 150, "-", "yesterday", "2026-02-30", "\u00fc"]
            checks = jsonschema.Draft202012Validator(schema)
            values += [value for value in tried if not checks.is_valid(value) or value == "2026-02-30" and "anyOf" in schema]
        return values


class Operation:
    def __init__(self, document, method, path, value):
        self.document, self.method, self.path, self.value = document, method, path, value
        self.id = value["operationId"]
        self.parameters = [Parameter.of(document, node) for node in value.get("parameters", [])]
        self.cached = "304" in value["responses"]
        self.guarded = "security" in value
        self.proxied = "x-proxy" in value

    def __repr__(self):
        return self.id

    def in_query(self):
        return [one for one in self.parameters if one.place == "query"]

    def in_path(self):
        return [one for one in self.parameters if one.place == "path"]

    def statuses(self):
        return {int(status) for status in self.value["responses"]}

    def successes(self):
        """(status, media type) of what is described and no error; None for no body."""
        found = set()
        for status, node in self.value["responses"].items():
            media_types = self.document.resolve(node).get("content") or [None]
            found |= {(int(status), media_type) for media_type in media_types} if status < "400" else set()
        return found

    def target(self, path=None, query=None):
        """The path with these values, or else the examples; the needed query parameters likewise, and those given."""
        target = self.path
        for parameter in self.in_path():
            value = (path or {}).get(parameter.name, parameter.examples[0] if parameter.examples else "")
            target = target.replace(f"{{{parameter.name}}}", urllib.parse.quote(str(value), safe=""))
        values = {one.name: one.examples[0] for one in self.in_query() if one.required} | (query or {})
        return target + ("?" + urllib.parse.urlencode({name: text_of(value) for name, value in values.items()}) if values else "")

    # ---- Holding an answer against the description

    def check(self, answer):
        """Returns (status, media type) as described."""
        if answer.headers.get("content-encoding") == "gzip":
            answer = dataclasses.replace(answer, body=gzip.decompress(answer.body))
        described = self.value["responses"].get(str(answer.status))
        assert described, f"{self.id}: {answer.status} is not described: {answer.text[:300]}"
        response = self.document.resolve(described)
        self._check_headers(response, answer)
        content = response.get("content")
        if not content:
            assert answer.body == b"", f"{self.id}: {answer.status} has a body"
            return answer.status, None
        media_type = answer.headers["content-type"].split(";")[0]
        if media_type == "application/problem+json" and media_type not in content and answer.status >= 400:
            return self._check_body(self.document.value["components"]["responses"]["BadParameters"]["content"][media_type], media_type, answer)
        assert media_type in content, f"{self.id}: {answer.status} is {media_type}"
        return self._check_body(content[media_type], media_type, answer)

    def _check_headers(self, response, answer):
        described = {name.lower(): self.document.resolve(node) for name, node in response.get("headers", {}).items()}
        for name, header in described.items():
            if name in answer.headers:
                mistakes = self.document.mistakes(header["schema"], answer.headers[name])
                assert not mistakes, f"{self.id}: {answer.status}: {name}: {mistakes}"
            else:
                assert not header.get("required"), f"{self.id}: {answer.status} has no {name}"
        if not self.proxied:
            extra = set(answer.headers) - set(described) - COMMON_HEADERS
            assert not extra, f"{self.id}: {answer.status} has {extra}, which is not described"

    def _check_body(self, content, media_type, answer):
        where = f"{self.id}: {answer.status} {media_type}"
        if media_type.endswith("json") and "ndjson" not in media_type:
            mistakes = self.document.mistakes(content["schema"], answer.json())
            assert not mistakes, f"{where}: {mistakes[:3]}"
        elif "x-line" in content:
            for line in answer.text.splitlines():
                mistakes = self.document.mistakes(content["x-line"], json.loads(line))
                assert not mistakes, f"{where}: {mistakes[:3]}"
        elif media_type == "text/csv":
            head, *rows = csv.reader(io.StringIO(answer.text))
            columns = content["example"].strip().split(",")
            assert head[:len(columns)] == columns or columns == [""], f"{where}: {head}"
            assert {len(row) for row in rows} <= {len(head)}, where
        elif media_type == "application/atom+xml":
            assert ElementTree.fromstring(answer.body).tag == "{http://www.w3.org/2005/Atom}feed", where
        elif media_type in ("text/html", "image/svg+xml"):
            assert answer.text.startswith(("<!doctype html>", "<!DOCTYPE html>", "<svg ", "<?xml")), where
        else:
            assert answer.body, where
        return answer.status, media_type


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
