"""Reads and writes ``manifest.json``, equally strict both ways: unknown keys, missing keys, wrong types."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from nitido.bundle.manifest import SCHEMA, Manifest
from nitido.bundle.rules import check_rules
from nitido.errors import BundleInvalid, BundleTooNew

_WAY_OUT = "get the bundle again, or export it again with this version of nitido"


def read_manifest(text: str) -> Manifest:
    """Parse a manifest. Raises BundleInvalid naming the JSON path at fault, or BundleTooNew."""
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"expected manifest.json to be JSON, got: {error}; {_WAY_OUT}") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise BundleTooNew(
            f"expected manifest schema {SCHEMA} or older, got {schema}; update: pip install --upgrade nitido"
        )
    manifest: Manifest = _decode(Manifest, data, "$")
    if manifest.schema != SCHEMA:
        _fail("$.schema", f"{SCHEMA}", str(manifest.schema))
    check_rules(manifest)
    return manifest


def write_manifest(manifest: Manifest) -> str:
    """The manifest as JSON text. Raises BundleInvalid for one that ``read_manifest`` would refuse."""
    try:
        text = json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise BundleInvalid(f"expected a manifest that JSON can hold, got: {error}; correct it") from error
    read_manifest(text)
    return text


def _decode(kind: Any, value: Any, path: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(kind), value, path)
    if origin is Literal:
        choices = get_args(kind)
        known = type(value) is str and value in choices
        return value if known else _fail(path, f"one of {', '.join(choices)}", repr(value))
    if origin is tuple:
        return tuple(_decode(get_args(kind)[0], v, f"{path}[{i}]") for i, v in enumerate(_list(value, path)))
    if origin is dict:
        return {k: _decode(get_args(kind)[1], v, f"{path}.{k}") for k, v in _object(value, path).items()}
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, value, path)
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    return value if type(value) is kind else _fail(path, kind.__name__, repr(value))


def _decode_union(members: tuple[Any, ...], value: Any, path: str) -> Any:
    if type(None) in members:
        (member,) = (m for m in members if m is not type(None))
        return None if value is None else _decode(member, value, path)
    tasks = {get_args(get_type_hints(member)["kind"])[0]: member for member in members}
    tag = _object(value, path).get("kind")
    if not isinstance(tag, str) or tag not in tasks:
        _fail(f"{path}.kind", f"one of {', '.join(tasks)}", repr(tag))
    return _decode(tasks[tag], value, path)


def _decode_dataclass(kind: Any, value: Any, path: str) -> Any:
    hints = get_type_hints(kind)
    data = _object(value, path)
    for key in data.keys() - hints.keys():
        _fail(f"{path}.{key}", f"only the keys {', '.join(hints)}", f"the unknown key '{key}'")
    for key in hints:
        if key not in data:
            _fail(f"{path}.{key}", "a value", "nothing: the key is missing")
    return kind(**{key: _decode(hint, data[key], f"{path}.{key}") for key, hint in hints.items()})


def _object(value: Any, path: str) -> dict[str, Any]:
    return value if isinstance(value, dict) else _fail(path, "an object", repr(value))


def _list(value: Any, path: str) -> list[Any]:
    return value if isinstance(value, list) else _fail(path, "a list", repr(value))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError(f"a key twice in one object, among {sorted(data)}")
    return data


def _not_a_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which is no number")


def _fail(path: str, expected: str, got: str) -> NoReturn:
    raise BundleInvalid(f"manifest.json: expected {path} to be {expected}, got {got[:200]}; {_WAY_OUT}")
