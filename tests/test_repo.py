"""The repository as a whole: small files, lock files that install anywhere, no traces of one machine."""

from __future__ import annotations

import io
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST = 8_000_000
LARGEST_WHEEL = 40_000_000
MACHINE_TRACES = re.compile(r"(?<![\w.])/(?:work|root)/")
ALLOWED_TRACES = {Path("tests/test_repo.py")}
TEXT = {".py", ".md", ".toml", ".json", ".yml", ".sh", ".txt", ""}


def repository_files() -> list[Path]:
    """Files that are in the repository or would be added to it, relative to its root."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip("not a git checkout: an unpacked archive has no list of its files")
    return [Path(name) for name in result.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_is_larger_than_a_clone_should_carry() -> None:
    sizes = {str(file): (ROOT / file).stat().st_size for file in repository_files()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}


def test_the_wheel_stays_small_with_everything_that_it_carries() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    roots = [Path(name) for name in (*build["packages"], *build["force-include"])]
    carried = [file for file in repository_files() if any(file.is_relative_to(root) for root in roots)]
    carried += [file.relative_to(ROOT) for pattern in build["artifacts"] for file in ROOT.glob(pattern)]
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in carried:
            archive.write(ROOT / file, file)
    assert any(file.suffix == ".onnx" for file in carried)
    assert wheel.tell() <= LARGEST_WHEEL


@pytest.mark.parametrize("name", ["demo.txt", "app.txt", "dev.txt"])
def test_lock_files_pin_every_package_and_name_no_index(name: str) -> None:
    lines = [
        line for line in (ROOT / "requirements" / name).read_text().splitlines() if line and line[0] != "#"
    ]
    pinned = re.compile(r"[a-z0-9._-]+==[0-9][a-z0-9.]*( ; .+)?")
    assert [line for line in lines if not pinned.fullmatch(line)] == []


def test_lock_files_hold_what_the_project_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = project["dependencies"]
    wanted = {
        "demo.txt": needed,
        "app.txt": [*needed, *extras["demo"]],
        "dev.txt": [*needed, *extras["dev"]],
    }
    for name, requirements in wanted.items():
        locked = {line.split("==")[0] for line in (ROOT / "requirements" / name).read_text().splitlines()}
        names = {
            re.split(r"[\[<>=;]", requirement)[0].lower().replace("_", "-") for requirement in requirements
        }
        assert names - {"nitido"} <= locked, (
            f"requirements/{name} is older than pyproject.toml: run make lock"
        )


def test_the_runtime_needs_no_training_framework() -> None:
    locked = (ROOT / "requirements" / "demo.txt").read_text()
    assert [name for name in ("torch", "jax", "litert", "scipy", "scikit-image") if name in locked] == []


def test_no_text_names_a_folder_of_one_machine() -> None:
    found = []
    for file in repository_files():
        if file.suffix in TEXT and file not in ALLOWED_TRACES:
            text = (ROOT / file).read_text(encoding="utf-8")
            found += [f"{file}: {match.group()}" for match in MACHINE_TRACES.finditer(text)]
    assert found == []
