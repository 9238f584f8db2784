"""LiteRT (TensorFlow Lite) on the CPU, through XNNPACK."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.manifest import Build, TensorSpec
from nitido.errors import BundleInvalid, RuntimeUnavailable
from nitido.runtime.session import RuntimeInfo, Tensors, check_tensors, usable_processors

try:
    import ai_edge_litert  # type: ignore[import-untyped]
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]
except ImportError as error:
    raise RuntimeUnavailable(
        f"expected LiteRT to be installed, got: {error}; pip install 'nitido[litert]'"
    ) from error


class LitertSession:
    """A graph in a ``.tflite`` file whose one signature names its tensors. Threads take turns running it."""

    def __init__(self, path: Path, build: Build, *, threads: int | None = None) -> None:
        """Load the file, which must have the build's tensors. Raises BundleInvalid."""
        version = str(ai_edge_litert.__version__)
        try:
            self._interpreter: Any = Interpreter(str(path), num_threads=threads or usable_processors())
            self._interpreter.allocate_tensors()
            (signature,) = self._interpreter.get_signature_list()
            runner = self._interpreter.get_signature_runner(signature)
        except (ValueError, RuntimeError) as error:
            raise BundleInvalid(
                f"expected LiteRT {version} to load {path}, a graph with one signature, got: {error}; "
                f"update LiteRT (pip install --upgrade ai-edge-litert) or export the bundle again"
            ) from error
        self._inputs = _indices(build.inputs, runner.get_input_details(), path)
        self._outputs = _indices(build.outputs, runner.get_output_details(), path)
        self._shapes = {spec.name: tuple(size or 1 for size in spec.shape) for spec in build.inputs}
        self._lock = threading.Lock()
        self._build = build
        self._info = RuntimeInfo("litert", version, "cpu", build.target, threads)

    @property
    def build(self) -> Build:
        """The build that was loaded."""
        return self._build

    @property
    def info(self) -> RuntimeInfo:
        """What runs it."""
        return self._info

    @property
    def resizable(self) -> bool:
        """Yes: on the CPU the interpreter allocates its tensors anew."""
        return True

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """Compute the outputs, by name, from the inputs, by name; ``out`` is not used."""
        with self._lock:
            self._resize({name: inputs[name].shape for name in self._inputs})
            for name, index in self._inputs.items():
                self._interpreter.set_tensor(index, inputs[name])
            self._interpreter.invoke()
            return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}

    def _resize(self, shapes: dict[str, tuple[int, ...]]) -> None:
        if shapes != self._shapes:
            for name, index in self._inputs.items():
                self._interpreter.resize_tensor_input(index, shapes[name])
            self._interpreter.allocate_tensors()
            self._shapes = shapes


def _indices(specs: tuple[TensorSpec, ...], details: Mapping[str, Any], path: Path) -> dict[str, int]:
    """Where the interpreter keeps each tensor, after checking that it is what the build says."""
    found = [
        (name, np.dtype(detail["dtype"]).name, tuple(int(size) for size in detail["shape"]))
        for name, detail in details.items()
    ]
    check_tensors(specs, found, path)
    for spec in specs:
        scale, zero_point = details[spec.name]["quantization"]
        q = spec.quantisation
        if (scale != 0) != (q is not None) or (
            q is not None and (q.zero_point != zero_point or not math.isclose(q.scale, scale, rel_tol=1e-5))
        ):
            raise BundleInvalid(
                f"expected tensor '{spec.name}' of {path} to have the manifest's quantisation {q}, got scale "
                f"{scale} and zero point {zero_point}; export the bundle again"
            )
    return {spec.name: int(details[spec.name]["index"]) for spec in specs}
