"""A build run in a process of its own: where a simulation crashes, that is a reason and not the end."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Build
from nitido.runtime.session import RuntimeInfo, Tensors
from nitido_export.errors import ParityError
from nitido_export.proving.provers import through_sdk


class ApartSession:
    """Each run is a process; the first checks the golden vectors, as the SDK does when it opens a build."""

    resizable = False

    def __init__(self, bundle: Bundle, build: Build, device: str, what: str) -> None:
        """``device`` as the SDK names it; ``what`` says in ``info`` what runs there."""
        self.build = build
        self.info = RuntimeInfo(build.runtime, "", what, build.target, None)
        self._bundle = bundle
        self._ask = through_sdk(device)
        self._folder = tempfile.TemporaryDirectory()

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """As ``Session.run``. Raises ParityError with the reason when the process fails or crashes."""
        given, made = (Path(self._folder.name) / name for name in ("inputs.npz", "outputs.npz"))
        arrays: dict[str, Any] = {f"0/{name}": tensor for name, tensor in inputs.items()}
        np.savez(given, **arrays)
        answer = self._ask(self._bundle, self.build, given, made)
        if answer.said is None:
            raise ParityError(
                f"{self.build.target} of the graph {self.build.graph} did not run in {self.info.device}: "
                f"{answer.reason}; leave the target out"
            )
        with np.load(made) as results:
            return {key.partition("/")[2]: results[key] for key in results}
