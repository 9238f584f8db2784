"""Result files: the rows of one suite, with everything that one needs to believe and repeat them."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from nitido_bench.errors import PackageMissing, ResultError
from nitido_bench.suite import Row
from nitido_train.commit import current_commit

SCHEMA = 1
FOLDER = Path("benchmarks/results")
DISTRIBUTIONS = (
    "nitido",
    "numpy",
    "pillow",
    "onnxruntime",
    "ai-edge-litert",
    "coremltools",
    "torch",
    "scikit-image",
    "scipy",
)


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


def write(result: Result, folder: Path = FOLDER, *, partial: bool = False) -> Path:
    """Write ``folder/<suite>.json``; a suite that failed halfway, ``<suite>.partial.json``.

    What is not of the schema is not written: ResultError.
    """
    data = asdict(result)
    unfinished, finished = folder / f"{result.suite}.partial.json", folder / f"{result.suite}.json"
    file = unfinished if partial else finished
    check(data, file)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n")
    temporary.replace(file)
    if not partial:
        unfinished.unlink(missing_ok=True)
    return file


def read(file: Path) -> Result:
    """Read a result file; ``ResultError`` when it is none that this version writes."""
    try:
        data = json.loads(file.read_text())
    except ValueError as error:
        raise ResultError(f"expected JSON in {file}: {error}; measure the suite again") from error
    found = data.get("schema") if isinstance(data, dict) else None
    if found != SCHEMA:
        raise ResultError(f"expected schema {SCHEMA} in {file}, got {found}; measure the suite again")
    check(data, file)
    return Result(**{**data, "machine": Machine(**data["machine"])})


def check(data: dict[str, Any], file: Path) -> None:
    """Raise ResultError where ``data`` is not of the schema in ``result.schema.json``."""
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise PackageMissing(
            f"expected the package {error.name} for result files; pip install 'nitido[bench]'"
        ) from error
    schema = json.loads(resources.files("nitido_bench").joinpath("result.schema.json").read_text())
    for wrong in Draft202012Validator(schema).iter_errors(data):
        place = "/".join(map(str, wrong.absolute_path)) or "the file"
        raise ResultError(
            f"expected {file} to follow result.schema.json, but in {place}: {wrong.message}; measure again"
        )


def collected(folder: Path) -> dict[str, Result]:
    """The finished results of a folder by suite."""
    return {
        file.stem: read(file) for file in sorted(folder.glob("*.json")) if not file.stem.endswith(".partial")
    }
