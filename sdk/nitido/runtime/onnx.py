"""ONNX Runtime, on the CPU or through one of its providers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.manifest import Build
from nitido.errors import BundleInvalid, RuntimeUnavailable
from nitido.runtime.exact import exactness
from nitido.runtime.providers import add, onnxruntime
from nitido.runtime.session import RuntimeInfo, Tensors, check_tensors, usable_processors

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(uint16)": "uint16",
}
_ERRORS_ONLY = 3
_SPIN_MICROSECONDS = "50"
"""For how long threads without work wait awake: from one operation to the next. By default they do for many
milliseconds, also after the last one, and take the processor from the next graph and from other programs."""


class OnnxSession:
    """A graph in an ``.onnx`` or ``.ort`` file. Safe to run from several threads."""

    def __init__(
        self,
        path: Path,
        build: Build,
        *,
        threads: int | None = None,
        device: str = "cpu",
        provider: str = "cpu",
        hardware: bool = False,
    ) -> None:
        """Load the file, which must have the build's tensors, for a provider that takes all of it.

        With ``hardware``, not for a simulation of it. Raises BundleInvalid, and RuntimeUnavailable where the
        provider is not here or refuses a part of the graph.
        """
        options = onnxruntime.SessionOptions()
        # Given even when all are wanted: ONNX Runtime would pin threads, also to processors not ours to use.
        options.intra_op_num_threads = threads or usable_processors()
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN_MICROSECONDS)
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.log_severity_level = _ERRORS_ONLY
        # Without VNNI, processors overflow when they multiply 8-bit numbers the fast way: be exact there.
        options.add_session_config_entry("session.x64quantprecision", exactness())
        own, simulated = add(options, provider, hardware=hardware)
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options)
        except Exception as error:  # its exceptions have no other common base
            if provider != "cpu":
                raise RuntimeUnavailable(
                    f"expected {provider} to take the whole graph of {path.name}, got: {error}; choose "
                    f"another build or device; nitido-export explain names what accelerators refuse"
                ) from error
            raise BundleInvalid(
                f"expected ONNX Runtime {onnxruntime.__version__} to load {path}, got: {error}; "
                f"update it (pip install --upgrade onnxruntime) or export the bundle again"
            ) from error
        check_tensors(build.inputs, [_found(tensor) for tensor in self._session.get_inputs()], path)
        check_tensors(build.outputs, [_found(tensor) for tensor in self._session.get_outputs()], path)
        self._build = build
        self._names = [spec.name for spec in build.outputs]
        version = f"{onnxruntime.__version__}" + (f" + {provider} {own}" if own else "")
        through = "" if provider == "cpu" else f" ({provider}{', simulated' if simulated else ''})"
        self._info = RuntimeInfo("onnx", version, f"{device}{through}", build.target, threads)

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
        """No: a fixed size is fixed, and the builds for this runtime have free ones."""
        return False

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """Compute the outputs, by name, from the inputs, by name; those in ``out`` are written there."""
        if not out:
            return dict(zip(self._names, self._session.run(self._names, dict(inputs)), strict=True))
        binding = self._session.io_binding()
        read = {name: np.ascontiguousarray(tensor) for name, tensor in inputs.items()}  # alive until it ran
        for name, tensor in read.items():
            binding.bind_cpu_input(name, tensor)
        for name in self._names:
            if name in out:
                array = out[name]
                binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
            else:
                binding.bind_output(name)
        self._session.run_with_iobinding(binding)
        made = zip(self._names, binding.get_outputs(), strict=True)
        return {name: out[name] if name in out else value.numpy() for name, value in made}


def _found(tensor: Any) -> tuple[str, str, tuple[int | None, ...]]:
    """Name, dtype and shape; sizes with a name are free."""
    shape = tuple(size if isinstance(size, int) else None for size in tensor.shape)
    return tensor.name, _DTYPES.get(tensor.type, tensor.type), shape
