"""Scripts that install or verify say what they are for, also where they cannot do it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"
VERIFY = SCRIPTS / "verify_coreml.py"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_script_for_a_mac_prints_its_usage() -> None:
    found = run(sys.executable, "-I", VERIFY)
    assert found.returncode == 2
    assert "python scripts/verify_coreml.py release/sr-x2" in found.stdout


@pytest.mark.skipif(sys.platform == "darwin", reason="this is a Mac, where the script does its work")
def test_the_script_for_a_mac_says_that_it_needs_one() -> None:
    found = run(sys.executable, "-I", "-S", VERIFY, "release/sr-x2")  # -S: without any package
    assert (found.returncode, found.stdout) == (2, "")
    assert "needs macOS" in found.stderr


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda script: script.name)
def test_shell_scripts_parse(script: Path) -> None:
    assert run("bash", "-n", script).stderr == ""


def test_the_script_that_installs_proofs_names_its_steps() -> None:
    found = run("bash", SCRIPTS / "install-proofs.sh")
    assert (found.returncode, found.stderr) == (2, "usage: scripts/install-proofs.sh system|python\n")
