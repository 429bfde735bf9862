"""Composes an example for a JSON Schema from the examples of its parts."""

from typing import Any

PLAIN = {"boolean": True, "null": None, "integer": 0, "number": 0.0, "string": ""}


def example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return one value that a schema allows.

    Args:
        schema: JSON Schema; references point into `schemas`.
        schemas: schemas by name.
    """
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    given = schema.get("examples") or schema.get("enum")
    if given:
        return given[0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], schemas)
    if schema.get("type") == "object":
        return {name: example(part, schemas) for name, part in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)]
    return PLAIN[schema["type"]]
