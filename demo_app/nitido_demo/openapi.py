"""The API's description for machines, made from the same table that its routes are made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nitido import __version__
from nitido_demo.checking import Schema
from nitido_demo.operations import CLIP_TYPES, IMAGE_TYPES, Operation

_REFUSALS = {
    400: "the request cannot be understood",
    401: "the token is missing or wrong",
    403: "the request comes from another site's page",
    404: "there is no such thing",
    408: "the body took too long",
    409: "not possible in the present state",
    411: "the body is not as long as its header says",
    413: "the body or the picture is too large",
    415: "the body is not of a type that is taken, or not a photo or clip",
    422: "a value is out of range, or the photo is damaged",
    429: "too much at once: try again in a moment",
}
_ANYWHERE = (401, 403, 422, 429)
_WITH_BODY = (400, 408, 411, 413, 415)


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nitido demo",
            "version": __version__,
            "summary": "Which photos are worth enhancing, and enhancing those.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Refusal": {
                    "type": "object",
                    "required": ["error", "message"],
                    "properties": {
                        "error": {"type": "string", "description": "a class of nitido.errors, or a name"},
                        "message": {"type": "string", "description": "expected, got, and the way out"},
                    },
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    answer = operation.answer
    content = {answer.type: {"schema": answer.schema}} if answer.schema is not None else {}
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.where,
                "required": parameter.where == "path",
                "description": parameter.help,
                "schema": {**parameter.schema}
                | ({"default": parameter.default} if parameter.default is not None else {}),
            }
            for parameter in operation.parameters
        ],
        "responses": {
            str(answer.status): {"description": answer.help, **({"content": content} if content else {})},
            **{str(status): _refusal(status) for status in _refusals(operation)},
        },
    }
    if isinstance(operation.body, str):
        file = {"schema": {"type": "string", "format": "binary"}}
        types = IMAGE_TYPES if operation.body == "photo" else CLIP_TYPES
        told["requestBody"] = {"required": True, "content": dict.fromkeys(types, file)}
    elif operation.body is not None:
        body = {"schema": _closed(operation.body)}
        told["requestBody"] = {"required": True, "content": {"application/json": body}}
    return told


def _closed(schema: Schema) -> dict[str, Any]:
    """The schema of a body, saying what ``checking`` does: what it does not name is refused."""
    if "items" in schema:
        return {**schema, "items": _closed(schema["items"])}
    if "properties" not in schema:
        return {**schema}
    inner = {name: _closed(each) for name, each in schema["properties"].items()}
    return {**schema, "properties": inner, "additionalProperties": False}


def _refusals(operation: Operation) -> list[int]:
    found = {*_ANYWHERE, *operation.refusals}
    if operation.body is not None:
        found |= {*_WITH_BODY}
    if "{" in operation.path:
        found.add(404)
    return sorted(found)


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Refusal"}
    return {"description": _REFUSALS[status], "content": {"application/json": {"schema": schema}}}
