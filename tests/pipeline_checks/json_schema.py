"""The part of JSON Schema 2020-12 that our published schemas use: faults(value, schema) -> lines, empty when valid.

A keyword that is not known here is an error, so that no rule of a schema is passed over.
"""
import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
}
IGNORED = {"$schema", "$defs", "$id", "title", "description", "default"}


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _object(value, schema, root, at):
    if not isinstance(value, dict):
        return
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    known = schema.get("properties", {})
    for name, member in value.items():
        if name in known:
            yield from _check(member, known[name], root, f"{at}.{name}")
        else:
            yield from _check(member, schema.get("additionalProperties", True), root, f"{at}.{name}")


def _combined(value, schema, root, at):
    for part in schema.get("allOf", ()):
        yield from _check(value, part, root, at)
    if "oneOf" in schema:
        matching = [part for part in schema["oneOf"] if not list(_check(value, part, root, at))]
        if len(matching) != 1:
            yield f"{at}: matches {len(matching)} of oneOf"
    if "if" in schema:
        branch = "else" if list(_check(value, schema["if"], root, at)) else "then"
        yield from _check(value, schema.get(branch, True), root, at)
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        yield from _check(value, target, root, at)


def _simple(value, schema, at):
    if "type" in schema and not TYPES[schema["type"]](value):
        yield f"{at}: is no {schema['type']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{at}: {value!r} does not match {schema['pattern']}"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{at}: is {len(value)} characters long"
    if _number(value) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value} is out of range"
    if isinstance(value, list) and len(value) > schema.get("maxItems", len(value)):
        yield f"{at}: has {len(value)} items"


HANDLED = {
    "type", "const", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "maxItems", "items", "required",
    "properties", "additionalProperties", "allOf", "oneOf", "if", "then", "else", "$ref",
}


def _check(value, schema, root, at):
    if schema is True:
        return
    if schema is False:
        yield f"{at}: is not allowed"
        return
    unknown = set(schema) - HANDLED - IGNORED
    if unknown:
        raise ValueError(f"json_schema.py does not know {sorted(unknown)}")
    yield from _simple(value, schema, at)
    yield from _object(value, schema, root, at)
    yield from _combined(value, schema, root, at)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check(item, schema.get("items", True), root, f"{at}[{index}]")


def faults(value, schema):
    return list(_check(value, schema, schema, "$"))
