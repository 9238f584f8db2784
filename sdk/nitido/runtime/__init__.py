"""Runs the graphs of bundles: one module per runtime, each imported when a bundle first asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nitido.bundle.bundle import Bundle
from nitido.bundle.golden import verify_once
from nitido.bundle.manifest import Build
from nitido.errors import InvalidOption, RuntimeUnavailable
from nitido.runtime.session import RuntimeInfo, Session, Tensors

__all__ = ["BACKENDS", "DEVICES", "RuntimeInfo", "Session", "Tensors", "open_session"]

DEVICES = ("cpu",)
"""Devices that graphs can run on."""


def _onnx(path: Path, build: Build, threads: int | None) -> Session:
    from nitido.runtime.onnx import OnnxSession

    return OnnxSession(path, build, threads=threads)


def _litert(path: Path, build: Build, threads: int | None) -> Session:
    from nitido.runtime.litert import LitertSession

    return LitertSession(path, build, threads=threads)


BACKENDS: dict[str, Callable[[Path, Build, int | None], Session]] = {"onnx": _onnx, "litert": _litert}
"""What opens a build, by ``Build.runtime``."""


def open_session(
    bundle: Bundle,
    graph: str = "main",
    *,
    runtime: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> Session:
    """Load a graph of a bundle: its file's hash is checked, and once per machine its golden vectors.

    ``runtime`` is a runtime (``onnx``, ``litert``) or a target (``onnx-fp32``); None prefers ONNX.
    Without ``threads``, all processors are used that this process may use. Raises BuildMissing,
    BundleTampered, BundleInvalid, RuntimeUnavailable, GoldenMismatch, InvalidOption.
    """
    if threads is not None and threads < 1:
        raise InvalidOption(f"expected threads to be at least 1, got {threads}; leave it out to use all")
    if device not in DEVICES:
        raise RuntimeUnavailable(
            f"expected a device among {', '.join(DEVICES)}, got '{device}'; choose one of those"
        )
    build = bundle.select(graph, runtime)
    if build.runtime not in BACKENDS:
        raise RuntimeUnavailable(
            f"expected a build for {' or '.join(BACKENDS)}, got {build.target}, which nitido does not run; "
            f"use that file in an app, and another build here"
        )
    session = BACKENDS[build.runtime](bundle.path(build), build, threads)
    verify_once(bundle, session)
    return session
