"""The bundles that the page runs by itself: which files a browser may have, and where."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import nitido

NAMES = ("trigger-lite", "trigger", "restore")
"""Bundles that the page *This device* runs."""
TARGET = "onnx-fp32"
STATIC = Path(__file__).parent / "static"


@functools.cache
def model_files() -> dict[str, Path]:
    """Files by the path under ``/models/``: the bundle's id is part of it, so that they never change."""
    found: dict[str, Path] = {}
    for name in NAMES:
        bundle = nitido.Bundle.open(name)
        files = ["manifest.json", "golden.npz", *(build.file for build in _builds(bundle))]
        found |= {f"{name}/{bundle.manifest.id}/{file}": bundle.folder / file for file in files}
    return found


def models_shown() -> dict[str, dict[str, Any]]:
    """Each bundle's folder under ``/models/`` and its bytes."""
    shown: dict[str, dict[str, Any]] = {}
    for path, file in model_files().items():
        name, id_, _ = path.split("/")
        entry = shown.setdefault(name, {"folder": f"/models/{name}/{id_}/", "files": [], "bytes": 0})
        entry["files"].append(file.name)
        entry["bytes"] += file.stat().st_size
    return shown


def _builds(bundle: nitido.Bundle) -> list[Any]:
    return [build for build in bundle.manifest.builds if build.target == TARGET]
