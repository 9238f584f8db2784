"""Suite ``memory``: how much more than photo and result it takes to restore or upscale a large photo."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator

from nitido_bench.suite import Gate, Row, Suite

MODELS = ("restore", "sr-x2")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--megapixels", type=float, nargs="+", default=(1, 12, 48, 108), help="default: 1 12 48 108"
    )
    parser.add_argument("--model", nargs="+", choices=MODELS, default=("restore",))
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--threads", type=int)


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """One row per model and size, each from a process of its own."""
    for model in args.model:
        for megapixels in args.megapixels:
            command = [sys.executable, "-m", "nitido_bench.memory_probe", model, str(megapixels)]
            options = (("--runtime", args.runtime), ("--threads", args.threads))
            command += [word for name, value in options if value is not None for word in (name, str(value))]
            report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            row: Row = json.loads(report)
            yield row


SUITE = Suite(
    name="memory",
    help="peak memory beside photo and result",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("megapixels", "megapixels", ".0f"),
        ("input_mb", "decoded input, MB", ".0f"),
        ("output_mb", "output, MB", ".0f"),
        ("peak_mb", "peak of the process, MB", ".0f"),
        ("beside_mb", "beside both, MB", ".0f"),
        ("seconds", "seconds", ".0f"),
    ),
    keys=("model", "megapixels"),
    gates=(Gate("beside_mb", "lower", 0.1, ratio=True),),
)
