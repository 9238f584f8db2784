"""Result files: the rows of one suite, with everything that one needs to believe and repeat them."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from nitido_bench.suite import Row
from nitido_train.checkpoint import current_commit

SCHEMA = 1
FOLDER = Path("benchmarks/results")
DISTRIBUTIONS = (
    "nitido",
    "numpy",
    "pillow",
    "onnxruntime",
    "ai-edge-litert",
    "torch",
    "scikit-image",
    "scipy",
)


class ResultError(Exception):
    """A result file that this version does not read."""


@dataclass(frozen=True)
class Machine:
    """Where a suite ran."""

    cpu: str
    cores: int
    governor: str
    """CPU frequency governor, ``unknown`` where the system does not say."""
    memory_gib: float
    system: str
    python: str


@dataclass(frozen=True)
class Result:
    """One JSON file in ``benchmarks/results``."""

    suite: str
    command: str
    """What to type in the repository's root to measure this again."""
    measured: str
    """UTC date."""
    commit: str
    """A '+' at its end says that the working tree had changes."""
    machine: Machine
    versions: dict[str, str]
    rows: list[Row]
    schema: int = SCHEMA


def this_machine() -> Machine:
    """The machine that this process runs on."""
    cpuinfo = _read("/proc/cpuinfo").splitlines()
    names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return Machine(
        cpu=names[0] if names else platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or "unknown",
        memory_gib=round(pages / 2**30, 1),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text() if file.is_file() else ""


def installed_versions() -> dict[str, str]:
    """The versions of the packages that can change a figure."""
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def collect(suite: str, command: str, rows: list[Row]) -> Result:
    """Rows that were measured here and now, as a result."""
    today = datetime.now(UTC).date().isoformat()
    return Result(suite, command, today, current_commit(), this_machine(), installed_versions(), rows)


def write(result: Result, folder: Path = FOLDER) -> Path:
    """Write ``folder/<suite>.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.suite}.json"
    partial = file.with_suffix(".tmp")
    partial.write_text(json.dumps(asdict(result), indent=1) + "\n")
    partial.replace(file)
    return file


def read(file: Path) -> Result:
    """Read a result file; ``ResultError`` when its schema or its keys are others than this version's."""
    try:
        data: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        raise ResultError(f"expected JSON in {file}: {error}; measure the suite again") from error
    if data.get("schema") != SCHEMA:
        raise ResultError(
            f"expected schema {SCHEMA} in {file}, got {data.get('schema')}; measure the suite again"
        )
    for keys, kind in ((data, Result), (data.get("machine", {}), Machine)):
        expected = {field.name for field in fields(kind)}
        if set(keys) != expected:
            wrong = sorted(set(keys) ^ expected)
            raise ResultError(
                f"expected the keys of {kind.__name__} in {file}, differs in {wrong}; measure again"
            )
    return Result(**{**data, "machine": Machine(**data["machine"])})
