"""Values from outside against the JSON schemas that the API's description shows for them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from nitido_demo.errors import Refused

Schema = Mapping[str, Any]
"""A JSON schema of the few keywords below: type, enum, minimum, maximum, pattern, maxLength, properties."""


def from_text(text: str, schema: Schema, name: str) -> Any:
    """The value of a parameter in a path or query. Raises Refused."""
    kind = schema["type"]
    try:
        if kind == "integer":
            value: Any = int(text) if re.fullmatch(r"-?\d{1,15}", text, re.ASCII) else None
        elif kind == "number":
            value = float(text)
        elif kind == "boolean":
            value = {"true": True, "false": False}.get(text)
        else:
            value = text
    except ValueError:
        value = None
    if value is None:
        raise Refused(422, f"expected {name} to be {_kind(schema)}, got {text[:60]!r}; correct it")
    return checked(value, schema, name)


def checked(value: Any, schema: Schema, name: str) -> Any:
    """The value where it follows the schema. Raises Refused."""
    if not _is_of(value, schema["type"]):
        raise Refused(422, f"expected {name} to be {_kind(schema)}, got {_shown(value)}; correct it")
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(map(str, schema["enum"]))
        raise Refused(422, f"expected {name} to be one of {known}, got {_shown(value)}; choose one of those")
    if isinstance(value, str):
        _check_text(value, schema, name)
    elif isinstance(value, dict):
        _check_object(value, schema, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not low <= value <= high:
            raise Refused(
                422, f"expected {name} from {low} to {high}, got {_shown(value)}; stay in the range"
            )
    return value


def _check_text(value: str, schema: Schema, name: str) -> None:
    if len(value) > schema.get("maxLength", 200) or not re.search(schema.get("pattern", ""), value):
        raise Refused(422, f"expected {name} to look like {_kind(schema)}, got {_shown(value)}; correct it")


def _check_object(value: dict[str, Any], schema: Schema, name: str) -> None:
    known: Mapping[str, Schema] = schema.get("properties", {})
    missing = [key for key in schema.get("required", ()) if key not in value]
    unknown = [key for key in value if key not in known]
    if missing or unknown:
        told = [f"{', '.join(missing)} is missing"] if missing else []
        told += [f"{', '.join(key[:40] for key in unknown[:5])} is not known"] if unknown else []
        raise Refused(422, f"expected {name} to have {', '.join(known)}; {' and '.join(told)}")
    for key, inner in value.items():
        checked(inner, known[key], key)


def _is_of(value: Any, kind: str) -> bool:
    if kind in ("integer", "number"):
        allowed = int if kind == "integer" else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict}[kind])


def _kind(schema: Schema) -> str:
    return (
        schema.get("pattern")
        or {
            "integer": "a whole number",
            "number": "a number",
            "boolean": "true or false",
            "string": "a text",
            "object": "an object",
        }[schema["type"]]
    )


def _shown(value: Any) -> str:
    return repr(value)[:60]
