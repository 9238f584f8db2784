"""Values from outside against the JSON schemas that the API's description shows for them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from nitido_demo.errors import Refused

Schema = Mapping[str, Any]
"""A JSON schema of few keywords: type, enum, minimum, maximum, pattern, maxLength; properties, required of
objects, or additionalProperties and maxProperties of maps; items, minItems, maxItems of arrays."""
_LONGEST = 60
"""Characters of a name in a map."""


def parsed(text: str | bytes, what: str) -> Any:
    """The value of JSON, which knows no NaN. Raises Refused."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise Refused(400, f"expected JSON as {what}, got something else") from None


def _number(text: str) -> float | int:
    """In JSON, 2.0 is a whole number too."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _no_number(text: str) -> None:
    raise ValueError(text)


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
    elif isinstance(value, list):
        _check_array(value, schema, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not low <= value <= high:
            raise Refused(
                422, f"expected {name} from {low} to {high}, got {_shown(value)}; stay in the range"
            )
    return value


def _check_text(value: str, schema: Schema, name: str) -> None:
    most = schema.get("maxLength", 200)
    if len(value) > most:
        raise Refused(422, f"expected {name} of at most {most} characters, got {len(value)}; shorten it")
    if not re.search(schema.get("pattern", ""), value):
        raise Refused(422, f"expected {name} to look like {_kind(schema)}, got {_shown(value)}; correct it")


def _check_object(value: dict[str, Any], schema: Schema, name: str) -> None:
    known: Mapping[str, Schema] = schema.get("properties", {})
    missing = [key for key in schema.get("required", ()) if key not in value]
    more: Schema | None = schema.get("additionalProperties")
    unknown = [key for key in value if key not in known] if more is None else []
    if missing or unknown:
        told = [f"{', '.join(missing)} is missing"] if missing else []
        told += [f"{', '.join(key[:40] for key in unknown[:5])} is not known"] if unknown else []
        raise Refused(422, f"expected {name} to have {', '.join(known)}; {' and '.join(told)}")
    if more is not None:
        _check_names(value, schema["maxProperties"], name)
    for key, inner in value.items():
        place = f"{key} of {name}" if name.startswith("entry") else key
        checked(inner, known[key] if more is None else more, place)


def _check_names(value: dict[str, Any], most: int, name: str) -> None:
    if len(value) > most or any(len(key) > _LONGEST for key in value):
        raise Refused(
            422,
            f"expected {name} to have at most {most} names of at most {_LONGEST} characters, got "
            f"{len(value)} of up to {max(map(len, value))}; leave some out",
        )


def _check_array(value: list[Any], schema: Schema, name: str) -> None:
    least, most = schema.get("minItems", 0), schema["maxItems"]
    if not least <= len(value) <= most:
        few = f"{most}" if least == most else f"{least} to {most}"
        raise Refused(422, f"expected {name} to have {few} entries, got {len(value)}; correct it")
    for number, inner in enumerate(value, 1):
        checked(inner, schema["items"], f"entry {number} of {name}")


def _is_of(value: Any, kind: str) -> bool:
    if kind not in ("integer", "number"):
        return isinstance(value, {"string": str, "boolean": bool, "object": dict, "array": list}[kind])
    if isinstance(value, float):
        return kind == "number" and math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(schema: Schema) -> str:
    return (
        schema.get("pattern")
        or {
            "integer": "a whole number",
            "number": "a number",
            "boolean": "true or false",
            "string": "a text",
            "object": "an object",
            "array": "a list",
        }[schema["type"]]
    )


def _shown(value: Any) -> str:
    return repr(value)[:60]
