"""A session that calls a Python function: the public double for tests, and for experiments without export."""

from __future__ import annotations

from collections.abc import Callable

from nitido.bundle.manifest import Build
from nitido.runtime.session import RuntimeInfo, Tensors


class FunctionSession:
    """Follows ``Session``; each ``run`` is one call of ``function`` with the inputs by name.

    The inputs may be buffers that the caller fills again for its next call: copy what must stay.
    """

    def __init__(
        self, function: Callable[[Tensors], Tensors], build: Build, *, info: RuntimeInfo | None = None
    ) -> None:
        """``build`` says what ``function`` takes and gives; its file is not opened.

        ``info`` may claim to be another runtime, to test what depends on that.
        """
        self._function = function
        self._build = build
        self._info = info or RuntimeInfo("function", "1", "cpu", build.target, 1)

    @property
    def build(self) -> Build:
        """The build that this session stands for."""
        return self._build

    @property
    def info(self) -> RuntimeInfo:
        """Runtime ``function``, unless another was given."""
        return self._info

    @property
    def resizable(self) -> bool:
        """No: the function gets what the build says."""
        return False

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """Call the function; ``out`` is not used."""
        return self._function(inputs)
