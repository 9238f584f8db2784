"""Documents keep their promises: snippets run, links lead somewhere, figures are those that were measured."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nitido import cli as nitido_cli
from nitido_bench import cli as bench_cli

ROOT = Path(__file__).parent.parent
SNIPPET = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    """Every hand-written document."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/*.md")])


def snippets(language: str) -> list[tuple[str, str]]:
    """(where, code) of every fenced snippet in ``language``."""
    found = []
    for file in documents():
        for number, match in enumerate(SNIPPET.finditer(file.read_text()), 1):
            if match[1] == language:
                found.append((f"{file.relative_to(ROOT)}#{number}", match[2]))
    return found


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """(where, words) of every line in a shell snippet that calls ``program``."""
    for where, code in snippets("") + snippets("sh"):
        for line in code.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] in (program, f".venv/bin/{program}"):
                yield where, words[1:]


@pytest.mark.parametrize(
    ("where", "code"), snippets("python"), ids=[where for where, _ in snippets("python")]
)
def test_python_snippets_run(where: str, code: str, tmp_path: Path) -> None:
    for photo in ("IMG.jpg", "IMG2.jpg"):
        shutil.copy(ROOT / "samples" / "chelsea_defocus.jpg", tmp_path / photo)
    shutil.copytree(ROOT / "samples", tmp_path / "photos")
    environment = os.environ | {"NITIDO_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, f"{where}:\n{result.stderr}"


def test_the_documents_show_python_and_shell() -> None:
    assert any(where.startswith("README.md") for where, _ in snippets("python"))
    assert {words[0] for where, words in commands("nitido") if where.startswith("README.md")} == {
        "assess",
        "suggest",
        "enhance",
        "upscale",
        "share",
        "video",
        "models",
        "demo",
    }


@pytest.mark.parametrize(("where", "words"), list(commands("nitido")), ids=str)
def test_nitido_commands_are_understood(where: str, words: list[str]) -> None:
    assert nitido_cli._parser().parse_args(words).command == words[0], where


@pytest.mark.parametrize(("where", "words"), list(commands("nitido-bench")), ids=str)
def test_benchmark_commands_are_understood(where: str, words: list[str]) -> None:
    assert bench_cli.make_parser().parse_args(words).suite == words[0], where


@pytest.mark.parametrize("file", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_relative_links_lead_somewhere(file: Path) -> None:
    targets = [link.split("#")[0] for link in LINK.findall(file.read_text()) if "://" not in link]
    assert [target for target in targets if target and not (file.parent / target).exists()] == []


def test_files_that_the_sources_page_names_exist() -> None:
    text = (ROOT / "docs" / "sources.md").read_text()
    paths = re.findall(r"`((?:sdk|training|export|benchmarks|demo_app|tests|samples)/[\w./-]+)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_figures_in_the_documents_are_those_that_were_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert bench_cli.main(["readme", "--check"]) == 0, capsys.readouterr().out
