"""Runs a .tflite file in the legacy runtime that many apps still ship; needs nothing but that and numpy.

    PYTHON legacy_child.py MODEL.tflite INPUTS.npz OUTPUTS.npz

The same files and the same last line as ``child.py``.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from tflite_runtime.interpreter import Interpreter  # type: ignore[import-not-found, import-untyped, unused-ignore]


def main(model: str, inputs: str, outputs: str) -> None:
    """Run all examples through the file's one signature."""
    interpreter = Interpreter(model)
    interpreter.allocate_tensors()
    (signature,) = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(signature)
    names = interpreter.get_signature_list()[signature]["inputs"]
    results: dict[str, Any] = {}
    with np.load(inputs) as arrays:
        for example in sorted({key.split("/")[0] for key in arrays}):
            made = runner(**{name: arrays[f"{example}/{name}"] for name in names})
            results.update({f"{example}/{name}": np.array(value) for name, value in made.items()})
    np.savez(outputs, **results)
    runtime = f"tflite-runtime {version('tflite-runtime')}"
    sys.stdout.write("\n" + json.dumps({"runtime": runtime, "device": "cpu", "ms": None}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
