"""Measuring in processes of their own: what is asked goes in, and what was measured comes out, as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from nitido.errors import NitidoError
from nitido_bench.errors import BenchError, ProbeFailed
from nitido_bench.timing.stopwatch import Effort, Step, Turns, take_turns

_LAST_WORDS = 500


def ask(module: str, question: Any) -> Any:
    """What ``python -m module`` answers. Raises ProbeFailed."""
    process = subprocess.run(
        [sys.executable, "-m", module], input=json.dumps(question), capture_output=True, text=True
    )
    lines = process.stdout.splitlines()
    if process.returncode != 0 or not lines:
        raise ProbeFailed(
            f"expected {module} to measure, but it ended with {process.returncode} and said: "
            f"{process.stderr.strip()[-_LAST_WORDS:] or 'nothing'}; ask it for less, to see what fails"
        )
    answer = json.loads(lines[-1])  # runtimes may print before it
    if "error" in answer:
        raise ProbeFailed(answer["error"])
    return answer["measured"]


def launch(module: str, job: Any, effort: Effort) -> dict[str, Turns]:
    """The turns of every step that ``module`` makes of ``job``. Raises ProbeFailed."""
    question = {"job": job, "effort": asdict(effort)}
    launches = [ask(module, question) for _ in range(effort.launches)]
    return {name: [one[name] for one in launches] for name in launches[0]}


def answer(measure: Callable[[Any], Any]) -> None:
    """The other end of ``ask``, for a module's ``__main__``; named errors are passed on."""
    try:
        said = {"measured": measure(json.load(sys.stdin))}
    except (NitidoError, BenchError) as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(said) + "\n")


def answer_turns(make_steps: Callable[[Any], Mapping[str, Step]]) -> None:
    """The other end of ``launch``."""
    answer(lambda question: take_turns(make_steps(question["job"]), Effort(**question["effort"])))
