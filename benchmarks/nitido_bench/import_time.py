"""Suite ``import-time``: how long ``import nitido`` takes in a fresh interpreter, and what it loads."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator

import numpy as np

from nitido_bench.suite import Row, Suite

STATEMENTS = ("import nitido", "import nitido; nitido.Enhancer; nitido.read_photo", "import numpy, PIL.Image")
"""What is timed, alone and with what it loads when first used, and the floor under it."""
_CHILD = """
import time
start = time.perf_counter()
{statement}
milliseconds = 1000 * (time.perf_counter() - start)
import sys
heavy = [name for name in ("onnxruntime", "torch", "ai_edge_litert") if name in sys.modules]
print(milliseconds, len(sys.modules), *heavy)
"""


def time_import(statement: str) -> tuple[float, int, list[str]]:
    """Milliseconds, modules loaded, and heavy packages among them, of one fresh interpreter."""
    child = [sys.executable, "-c", _CHILD.format(statement=statement)]
    words = subprocess.run(child, check=True, capture_output=True, text=True).stdout.split()
    return float(words[0]), int(words[1]), words[2:]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--runs", type=int, default=21, help="fresh interpreters per statement (default 21)")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per statement; runs alternate, after one warm-up each that fills the disk cache."""
    for statement in STATEMENTS:
        time_import(statement)
    runs = [[time_import(statement) for statement in STATEMENTS] for _ in range(args.runs)]
    for statement, results in zip(STATEMENTS, zip(*runs, strict=True), strict=True):
        milliseconds = [result[0] for result in results]
        low, median, high, tail = np.percentile(milliseconds, [25, 50, 75, 95])
        yield {
            "statement": statement,
            "runs": args.runs,
            "median_ms": round(float(median), 1),
            "iqr_ms": round(float(high - low), 1),
            "p95_ms": round(float(tail), 1),
            "modules": results[0][1],
            "heavy": ", ".join(results[0][2]) or "none",
        }


SUITE = Suite(
    name="import-time",
    help="import nitido in a fresh interpreter",
    arguments=arguments,
    measure=measure,
    columns=(
        ("statement", "statement", ""),
        ("median_ms", "median, ms", ".0f"),
        ("iqr_ms", "IQR", ".0f"),
        ("p95_ms", "p95", ".0f"),
        ("heavy", "runtimes loaded", ""),
    ),
)
