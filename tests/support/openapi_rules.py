"""What a document must be to be OpenAPI 3.1, as far as this project uses it: a schema of its objects, and what no schema can say."""

import re

import jsonschema

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
SCHEMA = {"type": ["object", "boolean"]}


def of(name):
    return {"$ref": f"#/$defs/{name}"}


def or_reference(name):
    return {"if": {"type": "object", "required": ["$ref"]}, "then": of("reference"), "else": of(name)}


def map_of(value):
    return {"type": "object", "additionalProperties": value}


def fixed(needed, /, **fields):
    """An object of these fields; `x-…` are allowed anywhere. A field `_in` is `in`."""
    return {"type": "object", "required": list(needed), "additionalProperties": False, "patternProperties": {"^x-": True},
            "properties": {name.lstrip("_"): value for name, value in fields.items()}}


# spec.openapis.org/oas/v3.1.1, one definition for each of its objects.
RULES = {
    **fixed(["openapi", "info"], openapi={"pattern": r"^3\.1\.\d+$"}, info=of("info"), servers={"type": "array", "items": of("server")},
            paths={"type": "object", "patternProperties": {"^/": of("path_item"), "^x-": True}, "additionalProperties": False},
            components=of("components"), security={"type": "array", "items": of("security")}, tags={"type": "array", "items": of("tag")},
            externalDocs=True, jsonSchemaDialect=TEXT, webhooks=True),
    "anyOf": [{"required": ["paths"]}, {"required": ["components"]}, {"required": ["webhooks"]}],
    "$defs": {
        "reference": {"type": "object", "required": ["$ref"], "additionalProperties": False,
                      "properties": {"$ref": {"type": "string", "pattern": "^#/"}, "summary": TEXT, "description": TEXT}},
        "info": fixed(["title", "version"], title=TEXT, version=TEXT, summary=TEXT, description=TEXT, termsOfService=TEXT, contact=True,
                      license=fixed(["name"], name=TEXT, identifier=TEXT, url=TEXT)),
        "server": fixed(["url"], url=TEXT, description=TEXT, variables=True),
        "tag": fixed(["name"], name=TEXT, description=TEXT, externalDocs=True),
        "security": map_of({"type": "array", "items": TEXT}),
        "path_item": fixed([], summary=TEXT, description=TEXT, servers={"type": "array", "items": of("server")},
                           parameters={"type": "array", "items": or_reference("parameter")}, **{name: of("operation") for name in METHODS}),
        "operation": fixed([], tags={"type": "array", "items": TEXT}, summary=TEXT, description=TEXT, externalDocs=True, operationId=TEXT,
                           parameters={"type": "array", "items": or_reference("parameter")}, requestBody=or_reference("body"),
                           responses=of("responses"), callbacks=True, deprecated=FLAG, security={"type": "array", "items": of("security")},
                           servers={"type": "array", "items": of("server")}),
        "responses": {"type": "object", "minProperties": 1, "additionalProperties": False,
                      "patternProperties": {"^([1-5][0-9][0-9]|[1-5]XX|default)$": or_reference("response"), "^x-": True}},
        "response": fixed(["description"], description=TEXT, headers=map_of(or_reference("header")), content=map_of(of("media_type")),
                          links=True),
        "parameter": {**fixed(["name", "in"], name=TEXT, _in={"enum": ["query", "header", "path", "cookie"]}, description=TEXT, required=FLAG,
                              deprecated=FLAG, allowEmptyValue=FLAG, style=TEXT, explode=FLAG, allowReserved=FLAG, schema=SCHEMA, example=True,
                              examples={"type": "object"}, content=map_of(of("media_type"))),
                      "oneOf": [{"required": ["schema"]}, {"required": ["content"]}],
                      "if": {"properties": {"in": {"const": "path"}}}, "then": {"required": ["required"], "properties": {"required": {"const": True}}},
                      "not": {"required": ["example", "examples"]}},
        "header": {**fixed([], description=TEXT, required=FLAG, deprecated=FLAG, style=TEXT, explode=FLAG, schema=SCHEMA, example=True,
                           examples={"type": "object"}, content=map_of(of("media_type"))),
                   "oneOf": [{"required": ["schema"]}, {"required": ["content"]}]},
        "body": fixed(["content"], description=TEXT, content=map_of(of("media_type")), required=FLAG),
        "media_type": {**fixed([], schema=SCHEMA, example=True, examples={"type": "object"}, encoding=True),
                       "not": {"required": ["example", "examples"]}},
        "components": fixed([], schemas=map_of(SCHEMA), responses=map_of(or_reference("response")),
                            parameters=map_of(or_reference("parameter")), headers=map_of(or_reference("header")),
                            requestBodies=map_of(or_reference("body")), securitySchemes=map_of(or_reference("security_scheme")),
                            examples=True, links=True, callbacks=True, pathItems=True),
        "security_scheme": {
            **fixed(["type"], type={"enum": ["apiKey", "http", "mutualTLS", "oauth2", "openIdConnect"]}, description=TEXT, name=TEXT,
                    _in={"enum": ["query", "header", "cookie"]}, scheme=TEXT, bearerFormat=TEXT, flows=True, openIdConnectUrl=TEXT),
            "allOf": [{"if": {"properties": {"type": {"const": "apiKey"}}}, "then": {"required": ["name", "in"]}},
                      {"if": {"properties": {"type": {"const": "http"}}}, "then": {"required": ["scheme"]}}]},
    },
}


def nodes(value, path=()):
    """Everything within, with where it is."""
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from nodes(child, (*path, str(name)))


def schemas_of(document):
    """All that stands where a schema belongs: components, and the `schema` of parameters, headers and bodies."""
    for name, schema in document["components"]["schemas"].items():
        yield f"schemas/{name}", schema
    for path, value in nodes(document):
        if path and path[-1] == "schema" and path[:2] != ("components", "schemas") and "example" not in path and "properties" not in path:
            yield "/".join(path), value


KEYWORDS = {
    "$ref", "type", "enum", "const", "format", "pattern", "description", "default", "examples", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "items", "properties", "additionalProperties", "required", "oneOf", "anyOf"}


def unknown_keywords(schema):
    """Words in a schema that mean nothing, as a comma makes them that should have been within a text."""
    if not isinstance(schema, dict):
        return []
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values(), *schema.get("oneOf", []),
             *schema.get("anyOf", [])]
    return sorted(set(schema) - KEYWORDS) + [word for one in inner for word in unknown_keywords(one)]


def mistakes_of(document):
    """Why it is no OpenAPI 3.1; empty where it is."""
    found = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
             for error in jsonschema.Draft202012Validator(RULES).iter_errors(document)]
    for path, value in nodes(document):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str) and not reaches(document, value["$ref"]):
            found.append(f"{'/'.join(path)}: {value['$ref']} leads nowhere")
    for where, schema in schemas_of(document):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            found.append(f"{where}: {error.message}")
        found += [f"{where}: {word} is no keyword" for word in unknown_keywords(schema)]
    return found + mistakes_of_operations(document)


def mistakes_of_operations(document):
    found, ids = [], set()
    tags = {tag["name"] for tag in document.get("tags", [])}
    schemes = set(document["components"].get("securitySchemes", {}))
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            operation, where = item[method], f"{method} {path}"
            parameters = [resolved(document, one) for one in [*item.get("parameters", []), *operation.get("parameters", [])]]
            keys = [(one["name"], one["in"]) for one in parameters]
            if sorted(name for name, place in keys if place == "path") != sorted(re.findall(r"\{(\w+)\}", path)):
                found.append(f"{where}: its parameters are not those of the path")
            if len(keys) != len(set(keys)):
                found.append(f"{where}: a parameter twice")
            if operation["operationId"] in ids:
                found.append(f"{where}: the id {operation['operationId']} again")
            ids.add(operation["operationId"])
            if not set(operation["tags"]) <= tags:
                found.append(f"{where}: an unknown tag")
            if not {name for one in operation.get("security", []) for name in one} <= schemes:
                found.append(f"{where}: an unknown security scheme")
    alike = {}
    for path in document["paths"]:
        alike.setdefault(re.sub(r"\{\w+\}", "{}", path), []).append(path)
    return found + [f"{paths}: the same path" for paths in alike.values() if len(paths) > 1]


def resolved(document, node):
    while "$ref" in node:
        node = at(document, node["$ref"])
    return node


def at(document, reference):
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def reaches(document, reference):
    try:
        at(document, reference)
        return reference.startswith("#/")
    except (KeyError, TypeError):
        return False
