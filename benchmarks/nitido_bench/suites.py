"""Which suites there are; a suite's module is imported when the suite is asked for, since many need torch."""

from __future__ import annotations

from importlib import import_module

from nitido_bench.errors import PackageMissing, ResultError
from nitido_bench.suite import Suite

NAMES = (
    "latency",
    "peers",
    "pipeline",
    "devices",
    "gate",
    "memory",
    "import-time",
    "parity",
    "gallery",
    "trigger-cost",
    "labels",
    "bicubic",
    "quality",
    "quality-sr",
    "quality-restore",
    "quality-color",
    "int8",
    "int8-speed",
    "depth-to-space",
    "blind",
    "faces",
    "codec",
    "codec-kinds",
    "video",
    "video-speed",
    "video-faces",
    "trigger",
    "trigger-views",
    "ablation-sr",
)
"""Suite ``quality-sr`` is the ``SUITE`` of module ``quality_sr``."""


def open_suite(name: str) -> Suite:
    """The suite of this name. Raises PackageMissing, and ResultError where there is none."""
    if name not in NAMES:
        raise ResultError(f"expected a suite among {', '.join(NAMES)}, got {name}; update Nitido")
    try:
        suite: Suite = import_module(f"nitido_bench.{name.replace('-', '_')}").SUITE
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] == "nitido_bench":
            raise
        raise PackageMissing(
            f"expected the package {error.name} for the suite {name}; "
            "pip install 'nitido[bench,train,export,scale]' has all that suites need"
        ) from error
    return suite
