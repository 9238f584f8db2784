"""Where each kind of build is proved, and what that needs: one readable dict."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass, field
from pathlib import Path

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import Build
from nitido_export.proving.processes import Answer, ask

EXAMPLES = 4
LEGACY = "NITIDO_TFLITE_PYTHON"
"""Environment variable with the Python that has tflite-runtime; without it ``.venv-tflite`` is looked for."""
INSTALL = "scripts/install-proofs.sh"


@dataclass(frozen=True)
class Prover:
    """One place to run builds in."""

    what: str
    """As the matrix calls it."""
    runtimes: tuple[str, ...]
    run: Callable[[Bundle, Build, Path, Path], Answer]
    missing: Callable[[], str]
    """What is not here that it needs, and how to get it; empty when it can run."""
    examples: int = EXAMPLES
    """Simulations are slow, and see fewer."""
    half: bool = False
    """It computes in half floats whatever the build: the limit is that of such, where it is lower."""
    dtypes: tuple[str, ...] = field(default=())
    """Kinds of builds that it is for; empty: all."""


def through_sdk(device: str) -> Callable[[Bundle, Build, Path, Path], Answer]:
    """Runs a build on the examples of a file in a process of its own; results go to another file."""

    def run(bundle: Bundle, build: Build, inputs: Path, outputs: Path) -> Answer:
        command = [sys.executable, "-m", "nitido_export.proving.child", str(bundle.folder), build.graph]
        command += [build.target, device, str(inputs), str(outputs)]
        # Not remembered and not recalled: the matrix is what this machine does now.
        environment = {"NITIDO_CACHE": str(outputs.parent / "cache")}
        if device == "gpu":
            environment |= {"VK_ICD_FILENAMES": swiftshader(), "XDG_RUNTIME_DIR": str(outputs.parent)}
        return ask(command, environment)

    return run


def _legacy(bundle: Bundle, build: Build, inputs: Path, outputs: Path) -> Answer:
    child = Path(__file__).with_name("legacy_child.py")
    return ask([legacy_python(), str(child), str(bundle.path(build)), str(inputs), str(outputs)])


def swiftshader() -> str:
    """The description of the software Vulkan driver in Debian's chromium; empty when it is not here."""
    given = os.environ.get("VK_ICD_FILENAMES", "")
    if Path(given).is_file():
        return given
    try:
        command = ["dpkg", "-L", "chromium", "chromium-common"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
    found = re.search(r"^.*vk_swiftshader_icd\.json$", listed, re.MULTILINE)
    return found.group() if found else ""


def legacy_python() -> str:
    """The Python that has tflite-runtime; empty when there is none."""
    own = os.environ.get(LEGACY, "")
    beside = Path(".venv-tflite/bin/python")
    return own or (str(beside) if beside.is_file() else "")


def _needs_package(name: str, way_out: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(name) else f"the package {name} is not installed: {way_out}"


def _needs_vulkan() -> str:
    if not swiftshader():
        return f"no software Vulkan driver is installed: {INSTALL}, or set VK_ICD_FILENAMES"
    if find_library("vulkan") is None:
        return f"no loader of Vulkan drivers is installed: {INSTALL}, or Debian's libvulkan1"
    return ""


def _needs_legacy() -> str:
    return "" if legacy_python() else f"no Python with tflite-runtime: {INSTALL}, or set {LEGACY}"


def _nothing() -> str:
    return ""


PROVERS = {
    "cpu": Prover("ONNX Runtime, CPU", ("onnx", "ort"), through_sdk("cpu"), _nothing),
    "xnnpack": Prover(
        "LiteRT, XNNPACK",
        ("litert",),
        through_sdk("cpu"),
        _needs_package("ai_edge_litert", "pip install 'nitido[litert]'"),
    ),
    "gpu": Prover(
        "LiteRT, GPU delegate (SwiftShader)",
        ("litert",),
        through_sdk("gpu"),
        _needs_vulkan,
        examples=1,
        half=True,
        dtypes=("fp32", "fp16", "w8a8"),
    ),
    "legacy": Prover(
        "tflite-runtime 2.14", ("litert",), _legacy, _needs_legacy, dtypes=("fp32", "fp16", "w8a8")
    ),
    "npu": Prover(
        "QNN HTP, simulated",
        ("qnn",),
        through_sdk("npu"),
        _needs_package("onnxruntime_qnn", "pip install 'nitido[qnn]'"),
        examples=1,
    ),
    "coreml": Prover(
        "Core ML, evaluated, not executed here",
        ("coreml",),
        through_sdk("cpu"),
        _needs_package("coremltools", "pip install 'nitido[coreml]'"),
    ),
}
"""By name; a build is proved in every one that its runtime is in."""


def provers_for(build: Build) -> dict[str, Prover]:
    """Those that a build is for."""
    dtype = build.target.split("-")[1]
    return {
        name: prover
        for name, prover in PROVERS.items()
        if build.runtime in prover.runtimes and (not prover.dtypes or dtype in prover.dtypes)
    }
