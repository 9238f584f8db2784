"""The ways to run a build: which runtime takes it to which device, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Build
from nitido.errors import RuntimeUnavailable
from nitido.runtime.session import Session

Device = Literal["npu", "gpu", "cpu"]


@dataclass(frozen=True)
class Way:
    """One line of the table."""

    runtime: str
    """Of builds: ``onnx``, ``ort``, ``litert``, ``qnn``."""
    backend: str
    """The module that opens them: ``onnx`` or ``litert``."""
    device: Device
    provider: str
    dtypes: tuple[str, ...] = ()
    """The kinds of builds that make sense there, best first; empty: all, in the manifest's order."""
    named_only: bool = False
    """Not tried unless the provider is asked for by its name."""


WAYS = (
    Way("qnn", "onnx", "npu", "qnn"),
    Way("litert", "litert", "npu", "litert-npu", ("w8a8", "w8a16", "fp16")),
    Way("onnx", "onnx", "npu", "qnn", ("w8a8", "w8a16")),
    Way("onnx", "onnx", "npu", "nnapi", ("w8a8", "fp16", "fp32")),
    Way("onnx", "onnx", "npu", "coreml", ("fp16", "fp32")),
    Way("litert", "litert", "gpu", "litert-gpu", ("fp16", "fp32", "w8a8")),
    Way("onnx", "onnx", "gpu", "webgpu", ("fp16", "fp32")),
    Way("onnx", "onnx", "cpu", "cpu"),
    Way("litert", "litert", "cpu", "xnnpack"),
    Way("ort", "onnx", "cpu", "cpu"),
    Way("onnx", "onnx", "cpu", "xnnpack", ("fp32",), named_only=True),
)
"""Best device first: ``device="auto"`` goes through them in this order."""

DEVICES = ("auto", "npu", "gpu", "cpu")
COMPILED = ".qnn.onnx"
"""How the names of files end that hold a binary for Qualcomm's NPU."""
PROVIDERS = tuple(sorted({way.provider for way in WAYS} - set(DEVICES)))

Opener = Callable[[Path, Build, int | None, Way, bool], Session]
"""File, build, threads, way, and whether only real hardware will do, not a simulation of it."""


def _onnx(path: Path, build: Build, threads: int | None, way: Way, hardware: bool) -> Session:
    from nitido.runtime.onnx import OnnxSession

    return OnnxSession(
        path, build, threads=threads, device=way.device, provider=way.provider, hardware=hardware
    )


def _litert(path: Path, build: Build, threads: int | None, way: Way, hardware: bool) -> Session:
    if way.device == "cpu":
        from nitido.runtime.litert import LitertSession

        return LitertSession(path, build, threads=threads)
    from nitido.runtime.litert_compiled import CompiledSession

    return CompiledSession(path, build, device=way.device, hardware=hardware)


BACKENDS: dict[str, Opener] = {"onnx": _onnx, "litert": _litert}
"""By ``Way.backend``; each imports its runtime when it is called."""


def plan(bundle: Bundle, graph: str, runtime: str | None, device: str) -> Iterator[tuple[Way, Build]]:
    """What to try, in this order. Raises BuildMissing, or RuntimeUnavailable when there is nothing to try."""
    if device not in (*DEVICES, *PROVIDERS):
        raise RuntimeUnavailable(
            f"expected a device among {', '.join(DEVICES)}, or one of the providers {', '.join(PROVIDERS)}, "
            f"got '{device}'; choose one of those"
        )
    builds = [b for b in bundle.builds(graph) if runtime in (None, b.runtime, b.target)]
    if not builds:
        bundle.select(graph, runtime)  # raises: it lists what there is
    found = [
        (_real(way, build), build)
        for way in WAYS
        if _meant(way, device)
        for build in _suited(way, builds, runtime)
    ]
    if not found:
        have = ", ".join(build.target for build in builds)
        where = "" if device in ("auto", "cpu") else f" on {device}"
        raise RuntimeUnavailable(
            f"expected a build that nitido runs{where}, got {have}, which nitido does not run{where}; "
            f"use that file in an app, and another build or device here"
        )
    yield from found


def _real(way: Way, build: Build) -> Way:
    """Helper networks too small to gain are ONNX files under the NPU's target: the CPU runs those."""
    if way.runtime == "qnn" and not build.file.endswith(COMPILED):
        return Way("qnn", "onnx", "cpu", "cpu")
    return way


def _meant(way: Way, device: str) -> bool:
    if device in (way.device, "auto"):
        return not way.named_only
    return device == way.provider and device not in DEVICES


def _suited(way: Way, builds: list[Build], runtime: str | None) -> list[Build]:
    """The builds for a way; one that is asked for by its full name always counts."""
    own = [build for build in builds if build.runtime == way.runtime]
    if not way.dtypes:
        return own
    kinds = {build.target: build.target.split("-")[1] for build in own}
    named = [build for build in own if build.target == runtime]
    fit = [build for build in own if kinds[build.target] in way.dtypes]
    return named or sorted(fit, key=lambda build: way.dtypes.index(kinds[build.target]))
