"""Core ML on a Mac, through coremltools."""

from __future__ import annotations

import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nitido_bench.errors import PackageMissing, ToolFailed
from nitido_bench.suite import Row
from nitido_bench.timing.spread import spread

UNITS = {"cpu": "CPU_ONLY", "gpu": "CPU_AND_GPU", "npu": "CPU_AND_NE", "all": "ALL"}
"""Core ML takes the CPU along: what runs where, Xcode's performance report tells."""
_WARM_UP = 5


def measure(package: Path, accelerator: str, runs: int) -> Row:
    """Columns of the suite ``devices``. Raises PackageMissing, ToolFailed."""
    if sys.platform != "darwin":
        raise ToolFailed(f"expected macOS for Core ML, got {sys.platform}; run this on a Mac")
    try:
        import coremltools
    except ImportError as error:
        raise PackageMissing(
            "expected the package coremltools for Core ML; pip install 'nitido[coreml]'"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        place = unpacked(package, Path(folder))
        start = time.perf_counter()
        units = getattr(coremltools.ComputeUnit, UNITS[accelerator])
        model = coremltools.models.MLModel(str(place), compute_units=units)
        load = time.perf_counter() - start
        inputs = {each.name: example(each.type) for each in model.get_spec().description.input}
        times = []
        for _ in range(1 + _WARM_UP + runs):
            start = time.perf_counter()
            model.predict(inputs)
            times.append(time.perf_counter() - start)
    kept = times[1 + _WARM_UP :]
    figures = spread([[kept]])
    del figures["samples"]
    return {
        "runs": runs,
        "load_ms": round(1000 * load, 2),
        "first_ms": round(1000 * times[0], 3),
        "mean_ms": round(1000 * float(np.mean(kept)), 3),
        **figures,
    }


def unpacked(package: Path, folder: Path) -> Path:
    """The ``.mlpackage`` in a zip file, or the file itself."""
    if package.suffix != ".zip":
        return package
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return next(folder.glob("*.mlpackage"))


def example(kind: Any) -> Any:
    """A random picture or array, as an input's type in the model's specification asks for."""
    rng = np.random.default_rng(0)
    if kind.WhichOneof("Type") == "imageType":
        size = (kind.imageType.height, kind.imageType.width, 3)
        return Image.fromarray(rng.integers(0, 256, size, np.uint8))
    return rng.random(tuple(kind.multiArrayType.shape), np.float32)
