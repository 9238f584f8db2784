"""A Core ML package read back from its file and evaluated operation by operation, where Core ML is not."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nitido.bundle.bundle import Bundle
from nitido.bundle.golden import check, read_golden
from nitido.bundle.manifest import Build
from nitido.runtime.session import RuntimeInfo, Tensors
from nitido.tensors import is_image
from nitido_export.coreml_operations import OPERATIONS, Values
from nitido_export.errors import ConversionFailed, TargetUnavailable


@dataclass(frozen=True)
class Program:
    """An ML Program's operations in their order, without constants."""

    operations: tuple[Any, ...]
    constants: dict[str, Any]
    inputs: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, int]:
        """How many operations of each kind there are."""
        kinds = [op.op_type for op in self.operations if not op.op_type.startswith("constexpr")]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def read(content: bytes) -> Program:
    """The program in a zipped package. Raises TargetUnavailable without coremltools."""
    try:
        from coremltools.converters.mil.frontend.milproto.load import load
        from coremltools.proto import Model_pb2
    except ImportError as error:
        raise TargetUnavailable(
            f"reading a Core ML package needs {error.name}: pip install 'nitido[coreml]'"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
        (data,) = Path(folder).glob("*.mlpackage/Data/com.apple.CoreML")
        model = Model_pb2.Model.FromString((data / "model.mlmodel").read_bytes())
        loaded = load(model, model.specificationVersion, str(data / "weights"))
    function = loaded.functions["main"]
    constants = {op.outputs[0].name: op.outputs[0].val for op in function.operations if op.op_type == "const"}
    others = tuple(op for op in function.operations if op.op_type != "const")
    return Program(others, constants, tuple(function.inputs))


class EvaluatedSession:
    """Follows ``Session``. Each operation's result is rounded to the type that the file gives it."""

    resizable = False
    """It gets what the build says."""

    def __init__(self, content: bytes, build: Build) -> None:
        self._program = read(content)
        unknown = sorted(self._program.kinds.keys() - OPERATIONS.keys())
        if unknown:
            raise ConversionFailed(f"expected operations that the evaluator knows, got {', '.join(unknown)}")
        self.build = build
        self.info = RuntimeInfo("coreml", _version(), "evaluated, not executed here", build.target, None)

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """Compute the outputs, by name, from the inputs, by name; ``out`` is not used."""
        values: Values = dict(self._program.constants)
        for spec in self.build.inputs:
            value = np.asarray(inputs[spec.name], np.float32)
            values[spec.name] = torch.from_numpy(
                np.moveaxis(value, -1, 1).copy() if is_image(spec) else value
            )
        with torch.inference_mode():
            for op in self._program.operations:
                results = OPERATIONS[op.op_type](op, values)
                for var, result in zip(op.outputs, results, strict=True):
                    values[var.name] = result
        return {spec.name: _stored(values[spec.name], is_image(spec)) for spec in self.build.outputs}


def open_package(bundle: Bundle, build: Build) -> EvaluatedSession:
    """A session of a package, checked on the golden vectors. Raises GoldenMismatch."""
    session = EvaluatedSession(bundle.path(build).read_bytes(), build)
    check(session, read_golden(bundle.golden(), build.graph))
    return session


def _stored(value: torch.Tensor, image: bool) -> NDArray[Any]:
    """Core ML writes an image's values to bytes, rounded and clipped."""
    real = value.float().numpy()
    return np.clip(np.rint(np.moveaxis(real, 1, -1)), 0, 255).astype(np.uint8) if image else real


def _version() -> str:
    import coremltools

    return str(coremltools.__version__)
