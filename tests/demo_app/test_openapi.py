"""The API's description is true: what it lists is there and answers as it says, and no request breaks it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from nitido_demo.api import OPERATIONS, share
from nitido_demo.operations import Operation

from .conftest import Server, finished, measured, noisy, png


@pytest.fixture
def known(client: httpx.Client) -> dict[str, str]:
    """Identifiers of things that are there."""
    photo = client.get("/api/suggest").json()["photos"][-1]["id"]
    job = client.post(
        "/api/enhance?denoise=1", content=png(noisy()), headers={"content-type": "image/png"}
    ).json()
    finished(client, job["id"])
    sent = client.post("/api/benchmarks", json=measured()).json()["id"]
    return {"photo": photo, "job": job["id"], "pair": "0123456789abcdef", "place": "first", "benchmark": sent}


def request_of(operation: Operation, known: dict[str, str]) -> dict[str, Any]:
    path = operation.path
    for name, value in known.items():
        path = path.replace("{" + name + "}", value)
    request: dict[str, Any] = {"method": operation.method, "url": path}
    if isinstance(operation.body, str):
        request |= {"content": png(noisy()), "headers": {"content-type": "image/png"}}
    elif operation.body is not None:
        values = {"job": known["job"], "scale": 1.5, "pair": known["pair"], "second_is": 0, "strengths": {}}
        values |= {"strokes": [], "varying": False, **measured()}
        values |= {wish.name: wish.default for wish in share.WISHES}
        request["json"] = {name: values[name] for name in operation.body["properties"]}
    return request


def test_every_operation_answers_with_a_status_and_a_body_that_it_declares(
    client: httpx.Client, known: dict[str, str]
) -> None:
    described = client.get("/openapi.json").json()
    seen = set()
    for operation in OPERATIONS:
        if operation.name == "events":  # does not end
            continue
        answer = client.request(**request_of(operation, known))
        told = described["paths"][operation.path][operation.method.lower()]
        responses = told["responses"]
        assert str(answer.status_code) in responses, (operation.name, answer.status_code, answer.text)
        content = responses[str(answer.status_code)]["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        declared = next(iter(content))
        assert declared in (kind, "*/*"), operation.name
        if kind == "application/json":
            schema = content[declared]["schema"] | {"components": described["components"]}
            Draft202012Validator(schema).validate(answer.json())
        seen.add(operation.name)
    assert len(seen) == len(OPERATIONS) - 1
    client.delete(f"/api/photos/{known['photo']}/dismissal")


def test_names_of_operations_are_unique_and_paths_name_their_parameters() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    for operation in OPERATIONS:
        inside = {part.strip("{}") for part in operation.path.split("/") if part.startswith("{")}
        assert inside == {each.name for each in operation.parameters if each.where == "path"}


def test_schemathesis_finds_no_server_error(server: Server) -> None:
    """A short run; the long one is in docs/demo-app.md."""
    import hypothesis
    import schemathesis

    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    cases = schema.exclude(operation_id="events").get_all_operations()
    count = 0
    for found in cases:
        operation = found.ok()

        @hypothesis.settings(
            max_examples=4,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def run(case: Any) -> None:
            answer = case.call()
            assert answer.status_code < 500, (case.method, case.path, answer.text)

        run()
        count += 1
    assert count == len(OPERATIONS) - 1
