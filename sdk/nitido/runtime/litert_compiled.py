"""LiteRT on a GPU or NPU: the whole graph through one accelerator, or not at all."""

from __future__ import annotations

import platform
import threading
from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.manifest import Build, TensorSpec
from nitido.errors import RuntimeUnavailable
from nitido.runtime.session import RuntimeInfo, Tensors, check_tensors

try:
    import ai_edge_litert  # type: ignore[import-untyped]
    from ai_edge_litert.compiled_model import CompiledModel  # type: ignore[import-untyped]
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator  # type: ignore[import-untyped]
except ImportError as error:
    raise RuntimeUnavailable(
        f"expected LiteRT with accelerators to be installed, got: {error}; pip install 'nitido[litert]'"
    ) from error

_ACCELERATORS = {"gpu": HardwareAccelerator.GPU, "npu": HardwareAccelerator.NPU}


class CompiledSession:
    """A graph in a ``.tflite`` file, compiled for an accelerator. Threads take turns running it."""

    resizable = False
    """Its buffers have the sizes that it was compiled for."""

    def __init__(self, path: Path, build: Build, *, device: str, hardware: bool = False) -> None:
        """Compile the file; with ``hardware``, not for a GPU that a processor simulates.

        Raises RuntimeUnavailable when there is no such accelerator, or when it leaves operations to the CPU,
        and BundleInvalid.
        """
        version = str(ai_edge_litert.__version__)
        if hardware and device == "gpu" and not _has_gpu():
            raise RuntimeUnavailable(
                "expected a graphics processor, found neither /dev/dri nor /dev/nvidia0; choose device='cpu'"
            )
        try:
            self._model: Any = CompiledModel.from_file(str(path), hardware_accel=_ACCELERATORS[device])
            whole = bool(self._model.is_fully_accelerated())
        except (ValueError, RuntimeError) as error:
            raise RuntimeUnavailable(
                f"expected LiteRT {version} to compile {path.name} for the {device}, got: "
                f"{_last_line(error)} (what it refuses is on stderr; nitido-export explain names lines "
                f"of the network); choose another device"
            ) from error
        if not whole:
            raise RuntimeUnavailable(
                f"expected the {device} to take the whole graph of {path.name}, got a part of it; the rest "
                f"would run on the CPU; choose another build or device"
            )
        signature = next(iter(self._model.get_signature_list()))
        self._inputs = self._model.get_input_tensor_details(signature)
        self._outputs = self._model.get_output_tensor_details(signature)
        check_tensors(build.inputs, _found(self._inputs), path)
        check_tensors(build.outputs, _found(self._outputs), path)
        self._buffers = self._model.create_input_buffers(0), self._model.create_output_buffers(0)
        self._lock = threading.Lock()
        self.build = build
        """The build that was loaded."""
        self.info = RuntimeInfo("litert", version, device, build.target, None)
        """What runs it."""

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """Compute the outputs, by name, from the inputs, by name; ``out`` is not used."""
        into, found = self._buffers
        with self._lock:
            for name, buffer in zip(self._inputs, into, strict=True):
                buffer.write(np.ascontiguousarray(inputs[name]))
            self._model.run_by_index(0, into, found)
            return {
                name: _read(buffer, spec)
                for buffer, name in zip(found, self._outputs, strict=True)
                for spec in self.build.outputs
                if spec.name == name
            }


def _read(buffer: Any, spec: TensorSpec) -> Any:
    shape = [size or 1 for size in spec.shape]
    return np.array(buffer.read(int(np.prod(shape)), np.dtype(spec.dtype))).reshape(shape)


def _found(details: Any) -> list[tuple[str, str, tuple[int | None, ...]]]:
    return [(name, str(detail["dtype"]), tuple(detail["shape"])) for name, detail in details.items()]


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].removeprefix("└ ")


def _has_gpu() -> bool:
    """On Linux the kernel shows one here; elsewhere the runtime finds out."""
    shown = (Path("/dev/dri/renderD128"), Path("/dev/nvidia0"), Path("/dev/mali0"), Path("/dev/kgsl-3d0"))
    return platform.system() != "Linux" or any(device.exists() for device in shown)
