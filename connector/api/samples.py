"""SAMPLES: an example of a body, from the examples of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_PLAIN = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def sample(model: type[BaseModel]) -> Any:
    """Return a body that the model takes: its own example, else each field's, else the first value of its kind.

    A field with a pattern or a format needs an example of its own: `Field(examples=["engineering"])`.
    """
    schema = model.model_json_schema()
    return _of(schema, schema.get("$defs", {}))


def _of(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _of(components[schema["$ref"].rpartition("/")[2]], components)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "enum", "anyOf", "oneOf"):
        if key in schema:
            first = schema[key] if key == "const" else schema[key][0]
            return _of(first, components) if key in ("anyOf", "oneOf") else first
    if schema.get("type") == "object":
        return {name: _of(each, components) for name, each in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [_of(schema["items"], components)] if schema.get("items") else []
    return _PLAIN.get(schema.get("type", ""), {})
