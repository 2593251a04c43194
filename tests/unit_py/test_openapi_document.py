"""The API's description is OpenAPI 3.1, says all that it should, and its examples are right."""

import copy
import pathlib
import subprocess

import pytest
from openapi import Document
from openapi_rules import mistakes_of, nodes, schemas_of

PROJECT = pathlib.Path(__file__).resolve().parents[2]
JOIN = PROJECT / "api" / "openapi" / "join"

each_operation = pytest.mark.parametrize("operation", Document.joined().operations, ids=repr)


@pytest.fixture
def document():
    return copy.deepcopy(Document.joined().value)


class TestDocument:
    def test_is_openapi_3_1(self, document):
        assert mistakes_of(document) == []

    def test_every_schema_is_used(self, document):
        used = {value for path, value in nodes(document) if path and path[-1] == "$ref"}
        for kind in ("schemas", "parameters", "headers", "responses"):
            unused = [name for name in document["components"][kind] if f"#/components/{kind}/{name}" not in used]
            assert unused == [], kind

    def test_examples_of_schemas_fit_them(self):
        document, seen = Document.joined(), 0
        for where, schema in schemas_of(document.value):
            for path, value in nodes(schema):
                if isinstance(value, dict) and isinstance(value.get("examples"), list) and path[-1:] != ("properties",):
                    for example in value["examples"]:
                        assert document.mistakes({name: one for name, one in value.items() if name != "examples"}, example) == [], (where, path)
                        seen += 1
        assert seen > 50

    def test_nothing_is_said_that_only_the_joining_understands(self, document):
        left = {path[-1] for path, _ in nodes(document) if path and path[-1].startswith("x-")}
        assert left == {"x-proxy", "x-line", "x-only"}


class TestOperations:
    @each_operation
    def test_says_what_it_is(self, operation):
        assert operation.value["summary"] and not operation.value["summary"].endswith(".")
        assert len(operation.value["tags"]) == 1

    @each_operation
    def test_every_parameter_has_an_example_and_says_what_fits(self, operation):
        for parameter in operation.parameters:
            if parameter.name != "cursor":  # only the list before it can give one
                assert parameter.examples, parameter.name
            for example in parameter.examples:
                assert operation.document.mistakes(parameter.schema, example) == [], parameter.name

    @each_operation
    def test_days_and_times_have_an_example_of_their_own(self, operation):
        """Beside the schema: pages that show a description pass over what is said beside a reference to one."""
        for node in map(operation.document.resolve, operation.value.get("parameters", [])):
            assert node["name"] not in ("since", "until", "from", "to") or "example" in node, node["name"]

    @each_operation
    def test_examples_of_bodies_fit(self, operation):
        for response in operation.value["responses"].values():
            for content in operation.document.resolve(response).get("content", {}).values():
                if "example" in content:
                    assert operation.document.mistakes(content["schema"], content["example"]) == []

    @each_operation
    def test_says_what_becomes_of_a_request_that_is_refused(self, operation):
        statuses = operation.statuses()
        assert {414, 429, 500, 502, 503, 504} <= statuses
        assert not operation.guarded or {401, 403} <= statuses
        restricted = [one.name for one in operation.parameters if one.wrong()]
        assert not restricted or {400, 404, 422} & statuses, restricted

    @each_operation
    def test_errors_have_the_form_of_what_is_asked_for(self, operation):
        def types_of(status):
            return set(operation.document.resolve(operation.value["responses"][str(status)]).get("content", {}))

        picture = types_of(min(operation.statuses())) == {"image/svg+xml"}
        for status in operation.statuses():
            assert status < 400 or ("image/svg+xml" in types_of(status)) == picture, status

    def test_every_parameter_of_a_count_has_its_range(self):
        for operation in Document.joined().operations:
            for parameter in operation.in_query():
                if parameter.schema.get("type") == "integer":
                    assert {"minimum", "maximum"} <= set(parameter.schema), (operation, parameter.name)


class TestRules:
    """The rules themselves see what is wrong."""

    @pytest.mark.parametrize("spoil", [
        lambda d: d.pop("info"), lambda d: d.update(openapi="3.0.3"), lambda d: d["info"].pop("version"), lambda d: d.update(extra=1),
        lambda d: d["paths"].update({"events": {}}), lambda d: d["paths"]["/events"].update(fetch={}),
        lambda d: d["paths"]["/events"]["get"].pop("parameters") and d["paths"]["/api/v1/topics/{topic}"]["get"].pop("parameters"),
        lambda d: d["paths"]["/events"]["get"]["responses"].update({"600": {"description": "x"}}),
        lambda d: d["paths"]["/events"]["get"]["responses"]["200"].pop("description"),
        lambda d: d["paths"]["/events"]["get"].update(operationId="listTopics"), lambda d: d["paths"]["/events"]["get"].update(tags=["x"]),
        lambda d: d["components"]["parameters"]["topic"].update(required=False), lambda d: d["components"]["parameters"]["topic"].pop("schema"),
        lambda d: d["components"]["schemas"].pop("Gap"), lambda d: d["components"]["schemas"].update(Gap={"type": "text"}),
        lambda d: d["components"]["schemas"]["Gap"].update({"others": None}),
        lambda d: d["components"]["securitySchemes"].pop("key"), lambda d: d["paths"].update({"/api/{other}": d["paths"]["/test"]}),
    ])
    def test_a_spoiled_document_is_none(self, document, spoil):
        spoil(document)
        assert mistakes_of(document) != []


class TestJoining:
    def join(self, tmp_path, text):
        file = tmp_path / "one.yaml"
        file.write_text(text)
        common = PROJECT / "api" / "openapi" / "common.yaml"
        return subprocess.run([str(JOIN), "1", str(common), str(file)], capture_output=True, text=True, timeout=60)

    def test_what_is_there_twice_is_refused(self, tmp_path):
        done = self.join(tmp_path, "components: {schemas: {Problem: {type: string}}}\n")
        assert done.returncode == 1 and "Problem is there already" in done.stderr

    def test_what_is_no_yaml_is_refused_with_its_place(self, tmp_path):
        done = self.join(tmp_path, "paths: {a: [\n")
        assert done.returncode == 1 and "one.yaml" in done.stderr and "Traceback" not in done.stderr

    def test_an_unknown_schema_to_begin_with_is_refused(self, tmp_path):
        done = self.join(tmp_path, "components: {schemas: {One: {x-with: [Nobody]}}}\n")
        assert done.returncode == 1 and "Nobody" in done.stderr and "Traceback" not in done.stderr
