"""What tests of several packages need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def squeezenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a very narrow SqueezeNet, in the layout of the trained ones."""
    rng = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {}

    def add(name: str, outputs: int, inputs: int, side: int) -> None:
        weights[f"{name}.weight"] = rng.normal(0, (2 / inputs) ** 0.5 / side, (outputs, inputs, side, side))
        weights[f"{name}.bias"] = rng.normal(0, 0.1, outputs)

    add("conv1", 6, 3, 7)
    for number in range(2, 10):
        add(f"fire{number}/conv1x1_1", 4, 6 if number == 2 else 8, 1)
        add(f"fire{number}/conv1x1_2", 4, 4, 1)
        add(f"fire{number}/conv3x3_2", 4, 4, 3)
    file = tmp_path_factory.mktemp("squeezenet") / "squeezenet.npz"
    np.savez(file, **{name: values.astype(np.float32) for name, values in weights.items()})
    return file
