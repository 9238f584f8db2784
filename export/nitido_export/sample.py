"""The package for a port to another language: a model, golden vectors as raw files, the exact steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.bundle import Bundle
from nitido.bundle.golden import read_golden
from nitido.bundle.manifest import Build, TensorSpec
from nitido.tensors import is_image, pixels_to_tensor, vector_to_tensor
from nitido_export.staging import staged

TABLE = "sample.json"
README = """# {name}: verify a port

`{file}` is the build `{target}` of the graph `{graph}` of {name} `{id}`. Feed it `in-*.bin`, and compare
what comes out with `out-*.bin`. All numbers are little-endian, in C order, without a header; `{table}` has
names, types, shapes and sha256 of each file.

## Into the model

{into}

## Out of the model

{out}

## How close

{close}
"""


def write_sample(bundle: Bundle, build: Build, folder: Path) -> list[Path]:
    """Write the package to ``folder``, which appears whole or not at all; returns its files.

    Raises BundleNotWritten.
    """
    golden = read_golden(bundle.golden(), build.graph)
    content = bundle.path(build).read_bytes()
    files: dict[str, bytes] = {build.file: content}
    table: dict[str, Any] = {"model": {"file": build.file, "sha256": hashlib.sha256(content).hexdigest()}}
    for side, specs, values in (("in", build.inputs, golden.inputs), ("out", build.outputs, golden.outputs)):
        table[side] = []
        for spec in specs:
            stored = as_stored(values[spec.name], spec) if side == "in" else values[spec.name]
            name = f"{side}-{spec.name}.bin"
            files[name] = little_endian(stored)
            table[side].append(_entry(name, stored, files[name], spec))
    table["task"] = asdict(bundle.manifest.task)
    files["README.md"] = _readme(bundle, build).encode()
    with staged(folder, TABLE) as partial:
        for name, data in files.items():
            (partial / name).write_bytes(data)
        (partial / TABLE).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return [folder / name for name in (*files, TABLE)]


def as_stored(value: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """A golden input as the tensor that goes into the file."""
    return pixels_to_tensor(value, spec) if is_image(spec) else vector_to_tensor(value, spec)


def little_endian(value: NDArray[Any]) -> bytes:
    """The bytes of an array as a port reads them."""
    return np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).tobytes()


def _entry(name: str, stored: NDArray[Any], data: bytes, spec: TensorSpec) -> Mapping[str, Any]:
    return {
        "file": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "dtype": stored.dtype.name,
        "shape": list(stored.shape),
        "tensor": asdict(spec),
    }


def _readme(bundle: Bundle, build: Build) -> str:
    return README.format(
        name=bundle.manifest.name,
        id=bundle.manifest.id,
        file=build.file,
        target=build.target,
        graph=build.graph,
        table=TABLE,
        into="\n".join(f"- `{spec.name}`: {_step(spec, 'in')}" for spec in build.inputs),
        out="\n".join(f"- `{spec.name}`: {_step(spec, 'out')}" for spec in build.outputs),
        close=_close(build),
    )


def _step(spec: TensorSpec, side: str) -> str:
    shape = " x ".join("any" if size is None else str(size) for size in spec.shape)
    stored = f"{spec.dtype} {spec.layout} {shape}"
    if not is_image(spec):
        q = spec.quantisation
        return f"{stored}" + (
            f"; real = {q.scale:g} * (stored - {q.zero_point})" if q else "; the numbers as they are"
        )
    q = spec.quantisation
    if q is not None and abs(q.scale * 255 - 1) < 1e-6 and q.zero_point == 0:
        return f"{stored}, RGB; the grey levels 0 to 255 of the photo, as they are"
    if q is not None:
        if side == "in":
            return (
                f"{stored}, RGB; floor(level / 255 / {q.scale!r} + {q.zero_point} + 0.5), clipped to the type"
            )
        level = f"floor(255 * {q.scale!r} * (stored - {q.zero_point}) + 0.5)"
        return f"{stored}, RGB; level = {level}, clipped to 0..255"
    if side == "in":
        return f"{stored}, RGB; level / 255"
    return f"{stored}, RGB; level = floor(255 * value + 0.5), clipped to 0..255"


def _close(build: Build) -> str:
    if any(map(is_image, build.outputs)):
        return (
            f"`out-*.bin` holds torch's result as grey levels (uint8, H x W x RGB). This build is at "
            f"least {build.parity['psnr_db']:g} dB from it; a float32 build differs by at most two levels, "
            f"and by more than one in at most a sample of a thousand."
        )
    most = build.parity["max_abs"]
    return f"`out-*.bin` holds torch's result (float32). This build is at most {most:g} from it."
