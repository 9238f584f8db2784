"""What phones measured: taken when it is a result file of nitido-bench, and nothing else is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nitido_bench import results
from nitido_demo.settings import Limits, Settings
from nitido_demo.web import create

from .conftest import measured

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def client(tmp_path: Path, state: Path) -> Iterator[TestClient]:
    """A server that keeps two."""
    (tmp_path / "photos").mkdir()
    settings = Settings(tmp_path / "photos", state, limits=Limits(benchmarks_kept=2))
    with TestClient(create(settings), "http://127.0.0.1") as opened:
        yield opened


def test_a_result_is_kept_as_a_file_that_nitido_bench_reads(client: TestClient, state: Path) -> None:
    answer = client.post("/api/benchmarks", json=measured())
    assert answer.status_code == 201
    (file,) = (state / "benchmarks").iterdir()
    assert file.stem == answer.json()["id"]
    assert results.read(file).rows == measured()["rows"]
    assert client.get(f"/api/benchmarks/{file.stem}").json() == measured()
    (listed,) = client.get("/api/benchmarks").json()["benchmarks"]
    assert (listed["id"], listed["median_ms"]) == (file.stem, {"trigger": 12.5})


def test_the_oldest_goes_where_too_many_come(client: TestClient) -> None:
    ids = [client.post("/api/benchmarks", json=measured()).json()["id"] for _ in range(3)]
    assert [each["id"] for each in client.get("/api/benchmarks").json()["benchmarks"]] == [ids[2], ids[1]]
    assert client.get(f"/api/benchmarks/{ids[0]}").status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda result: result.pop("machine"), "machine is missing"),
        (lambda result: result.update(suite="quality"), "expected suite to be one of latency"),
        (lambda result: result.update(schema=2), "expected schema to be one of 1"),
        (lambda result: result.update(notes="hello"), "notes is not known"),
        (lambda result: result.update(measured="yesterday"), "expected measured to look like"),
        (lambda result: result.update(rows=[]), "expected rows to have 1 to 100 entries, got 0"),
        (lambda result: result["rows"][0].update(median_ms=-1), "median_ms of entry 1 of rows from 0"),
        (lambda result: result["rows"][0].update(model="x" * 61), "at most 60 characters, got 61"),
        (lambda result: result["rows"][0].pop("graph"), "graph is missing"),
        (lambda result: result["machine"].update(cores=0), "expected cores from 1 to 4096, got 0"),
        (lambda result: result["versions"].update(nitido=1), "expected nitido to be a text"),
        (lambda result: result["versions"].update({"x" * 61: "1"}), "names of at most 60 characters"),
        (lambda result: result.update(versions={str(i): "1" for i in range(21)}), "at most 20 names"),
    ],
)
def test_what_is_no_result_is_refused_in_words(
    client: TestClient, state: Path, change: Change, words: str
) -> None:
    result = copy.deepcopy(measured())
    change(result)
    answer = client.post("/api/benchmarks", json=result)
    assert answer.status_code == 422
    assert words in answer.json()["message"]
    assert list((state / "benchmarks").iterdir()) == []


def test_a_large_body_is_refused(client: TestClient, state: Path) -> None:
    answer = client.post("/api/benchmarks", json={**measured(), "command": "x" * 70_000})
    assert (answer.status_code, list((state / "benchmarks").iterdir())) == (413, [])
