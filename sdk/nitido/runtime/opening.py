"""Opens a graph of a bundle on the device asked for, proved on its golden vectors, and says what it got."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Literal

from nitido.bundle.bundle import Bundle
from nitido.bundle.golden import verify_once
from nitido.bundle.manifest import Build
from nitido.errors import GoldenMismatch, InvalidOption, RuntimeUnavailable
from nitido.runtime.placement import Attempt, Placement
from nitido.runtime.session import RuntimeInfo, Session, Tensors
from nitido.runtime.ways import BACKENDS, Way, plan


def open_session(
    bundle: Bundle,
    graph: str = "main",
    *,
    runtime: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    mismatch: Literal["raise", "next"] | None = None,
) -> Session:
    """Load a graph of a bundle: its file's hash is checked, and once per machine its golden vectors.

    ``runtime`` is a runtime (``onnx``, ``litert``) or a target (``onnx-fp32``); None prefers ONNX.
    ``device`` is ``cpu``, ``gpu``, ``npu``, a provider such as ``xnnpack``, or ``auto``: the best that is
    here, simulations of hardware left out. What computes something else than the golden vectors say raises
    GoldenMismatch, or with ``mismatch="next"`` is passed over with a warning that names it and what runs
    instead; by default only ``auto`` passes over. ``session.info.placement`` tells what was tried. Without
    ``threads``, all processors are used that this process may use. Raises BuildMissing, BundleTampered,
    BundleInvalid, RuntimeUnavailable, GoldenMismatch, InvalidOption.
    """
    if threads is not None and threads < 1:
        raise InvalidOption(f"expected threads to be at least 1, got {threads}; leave it out to use all")
    if mismatch not in (None, "raise", "next"):
        raise InvalidOption(f"expected mismatch to be raise or next, got {mismatch!r}; choose one of those")
    passes = mismatch == "next" or (mismatch is None and device == "auto")
    attempts: list[Attempt] = []
    errors: list[RuntimeUnavailable | GoldenMismatch] = []
    for way, build in plan(bundle, graph, runtime, device):
        try:
            session = _open(bundle, way, build, threads, hardware=device == "auto")
        except RuntimeUnavailable as error:
            errors.append(error)
        except GoldenMismatch as error:
            if not passes:
                raise
            errors.append(error)
        else:
            attempts.append(Attempt(build.target, way.device, way.provider, ""))
            _warn(errors, session.info)
            return _Placed(session, Placement(runtime, device, tuple(attempts)))
        attempts.append(Attempt(build.target, way.device, way.provider, str(errors[-1])))
    if len(errors) == 1:
        raise errors[0]
    raise RuntimeUnavailable(
        f"expected a runtime for the graph '{graph}' of {bundle.manifest.name} here: "
        f"{Placement(runtime, device, tuple(attempts))}\nchoose another device, such as cpu"
    )


def _open(bundle: Bundle, way: Way, build: Build, threads: int | None, *, hardware: bool) -> Session:
    session = BACKENDS[way.backend](bundle.path(build), build, threads, way, hardware)
    verify_once(bundle, session)
    return session


def _warn(errors: list[RuntimeUnavailable | GoldenMismatch], taken: RuntimeInfo) -> None:
    for error in errors:
        if isinstance(error, GoldenMismatch):
            warnings.warn(f"{error}; instead runs {taken}", RuntimeWarning, stacklevel=3)


class _Placed:
    """A session that also tells how it came to run where it does."""

    def __init__(self, session: Session, placement: Placement) -> None:
        self._session = session
        self.build: Build = session.build
        self.info: RuntimeInfo = dataclasses.replace(session.info, placement=placement)
        self.resizable: bool = session.resizable

    def run(self, inputs: Tensors, out: Tensors | None = None) -> Tensors:
        """As the session does."""
        return self._session.run(inputs, out)
