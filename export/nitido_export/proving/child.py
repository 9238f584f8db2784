"""Runs one build through the SDK in a process of its own, whose words are caught and whose crash is a reason.

    python -m nitido_export.proving.child BUNDLE GRAPH TARGET DEVICE INPUTS.npz OUTPUTS.npz

INPUTS and OUTPUTS hold tensors as ``<example>/<name>``. The last line printed is JSON: what ran, and the best
time of a run in milliseconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nitido.bundle.bundle import Bundle
from nitido.runtime import open_session

if TYPE_CHECKING:
    from nitido.runtime.session import Session

REPEATS = 5


def main(folder: str, graph: str, target: str, device: str, inputs: str, outputs: str) -> None:
    """Open the build as an app would, with its golden check, and run all examples."""
    session = _open(Bundle.open(Path(folder)), graph, target, device)
    results: dict[str, Any] = {}
    times = []
    with np.load(inputs) as arrays:
        for example in sorted({key.split("/")[0] for key in arrays}):
            tensors = {spec.name: arrays[f"{example}/{spec.name}"] for spec in session.build.inputs}
            for _ in range(REPEATS if session.info.device == "cpu" else 1):
                start = time.perf_counter()
                made = session.run(tensors)
                times.append(time.perf_counter() - start)
            results |= {f"{example}/{name}": value for name, value in made.items()}
    np.savez(outputs, **results)
    info = session.info
    sys.stdout.write(
        "\n"
        + json.dumps(
            {"runtime": f"{info.runtime} {info.version}", "device": info.device, "ms": 1e3 * min(times)}
        )
        + "\n"
    )


def _open(bundle: Bundle, graph: str, target: str, device: str) -> Session:
    if target.startswith("coreml"):
        from nitido_export.coreml_session import open_package

        return open_package(bundle, next(b for b in bundle.builds(graph) if b.target == target))
    return open_session(bundle, graph, runtime=target, device=device)


if __name__ == "__main__":
    main(*sys.argv[1:])
