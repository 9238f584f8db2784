"""Golden vectors: example inputs of a bundle and what torch made of them, to prove a runtime where it runs.

``golden.npz`` holds ``<graph>/in/<tensor>`` and ``<graph>/out/<tensor>``: images as uint8 (H, W, 3), vectors
as float32, both without batch.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import TensorSpec
from nitido.bundle.outcomes import Agreement, recall, remember
from nitido.errors import BundleInvalid, GoldenMismatch
from nitido.tensors import (
    is_image,
    pixels_to_tensor,
    storable,
    tensor_to_pixels,
    tensor_to_vector,
    vector_to_tensor,
)

if TYPE_CHECKING:
    from nitido.runtime.session import Session

MAX_LEVELS = 2
"""No sample of an image may differ by more grey levels: runtimes add in different orders, nothing else."""
MAX_SHARE = 1e-3
"""Share of an image's samples that may differ by more than one grey level."""
MAX_VECTOR = 1e-2
"""No number of a vector may differ by more; scores are in steps of quality, of which people see 0.1."""

EXACT_DB = 60.0
"""A build whose manifest says that it is closer to torch than this meets the limits above.

Those of fewer bits do not, and say how far they are from torch on the worst of several photos. They may be
``MARGIN_DB`` further, since rounding differs between runtimes, and no sample more than ``MARGIN`` times that.
"""
MARGIN_DB = 1.0
ROUNDING = 2 / 12 / 255**2
"""Mean squared error of rounding both images to grey levels, which the statement does not have in it."""
MARGIN = 1.5


@dataclass(frozen=True)
class Golden:
    """One graph's example, tensors by name."""

    inputs: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[Any]]


def read_golden(file: Path, graph: str = "main") -> Golden:
    """One graph's vectors from ``golden.npz``. Raises BundleInvalid."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return Golden(_below(arrays, f"{graph}/in/"), _below(arrays, f"{graph}/out/"))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BundleInvalid(f"expected {file} to hold arrays, got {error}; get the bundle again") from error


def check(session: Session, golden: Golden) -> Agreement:
    """Run the example. Raises GoldenMismatch when the outputs differ, BundleInvalid when it does not fit."""
    build = session.build
    inputs = {spec.name: _tensor(_example(golden.inputs, spec), spec) for spec in build.inputs}
    outputs = session.run(inputs)
    expected = {spec.name: _example(golden.outputs, spec) for spec in build.outputs}
    errors = [_error(outputs[spec.name], expected[spec.name], spec, session) for spec in build.outputs]
    total = sum(error.size for error in errors)
    return Agreement(
        max_abs=max(float(error.max()) for error in errors),
        mean_abs=sum(float(error.sum(dtype=np.float64)) for error in errors) / total,
    )


def verify_once(bundle: Bundle, session: Session) -> Agreement:
    """Check a session the first time that this bundle, build, runtime, device and machine come together.

    Success is remembered in the cache folder, failure is not; a cache that cannot be written is no error.
    Sessions of functions are always checked, since functions have no version.
    """
    remembered = recall(bundle, session)
    if remembered is not None:
        return remembered
    agreement = check(session, read_golden(bundle.golden(), session.build.graph))
    remember(bundle, session, agreement)
    return agreement


def _below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)}


def _example(values: Mapping[str, NDArray[Any]], spec: TensorSpec) -> NDArray[Any]:
    value = values.get(spec.name)
    dtype = np.uint8 if is_image(spec) else np.float32
    if value is None or value.dtype != dtype:
        got = "nothing" if value is None else f"{value.dtype} of shape {value.shape}"
        raise BundleInvalid(
            f"expected golden vectors to hold tensor '{spec.name}' as {dtype.__name__}, got {got}; "
            f"get the bundle again"
        )
    return value


def _tensor(value: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    tensor = pixels_to_tensor(value, spec) if is_image(spec) else vector_to_tensor(value, spec)
    if any(size not in (None, got) for size, got in zip(spec.shape, tensor.shape, strict=True)):
        raise BundleInvalid(
            f"expected golden vectors to fit tensor '{spec.name}' of shape {spec.shape}, got {tensor.shape}; "
            f"export the bundle again with golden vectors of that size"
        )
    return tensor


def _error(
    got: NDArray[Any], expected: NDArray[Any], spec: TensorSpec, session: Session
) -> NDArray[np.float32]:
    """Absolute differences, refused when too large."""
    if got.dtype.kind == "f" and not np.isfinite(got).all():
        raise GoldenMismatch(_message(session, spec, "finite numbers", "infinite ones or none at all"))
    actual = tensor_to_pixels(got, spec) if is_image(spec) else tensor_to_vector(got, spec)
    expected = expected if is_image(spec) else storable(expected, spec)
    if actual.shape != expected.shape:
        raise GoldenMismatch(_message(session, spec, f"shape {expected.shape}", f"{actual.shape}"))
    error = np.abs(actual.astype(np.float32) - expected.astype(np.float32))
    worst, stated = float(error.max()), session.build.parity
    if not is_image(spec):
        most = max(MAX_VECTOR, MARGIN * stated.get("max_abs", 0.0))
        if worst > most:
            raise GoldenMismatch(_message(session, spec, f"differences <= {most:.4g}", f"{worst:.4g}"))
        return error
    if stated.get("psnr_db", math.inf) < EXACT_DB:
        _check_coarse(error, spec, session)
        error /= 255
        return error
    share = float(np.mean(error > 1))
    if worst > MAX_LEVELS or share > MAX_SHARE:
        limit = f"differences <= {MAX_LEVELS} grey levels, above 1 in {MAX_SHARE:.1%} of samples"
        place = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
        found = f"{worst:.0f} at {place}, {share:.1%}"
        raise GoldenMismatch(_message(session, spec, limit, found))
    error /= 255
    return error


def _check_coarse(error: NDArray[np.float32], spec: TensorSpec, session: Session) -> None:
    """An image of a build of few bits, whose distance to torch is stated and not next to nothing."""
    stated = session.build.parity
    mse = float(np.mean(np.square(error, dtype=np.float64)))
    psnr = 10 * math.log10(255**2 / mse) if mse > 0 else math.inf
    stated_mse = 10 ** (-(stated["psnr_db"] - MARGIN_DB) / 10)
    least, most = -10 * math.log10(stated_mse + ROUNDING), MARGIN * 255 * stated.get("max_abs", 1.0) + 1
    if psnr < least or float(error.max()) > most:
        limit = f">= {least:.1f} dB and differences <= {most:.0f} grey levels"
        raise GoldenMismatch(_message(session, spec, limit, f"{psnr:.1f} dB and {error.max():.0f}"))


def _message(session: Session, spec: TensorSpec, expected: str, got: str) -> str:
    return (
        f"{session.info} does not compute what the bundle's golden vectors say: expected '{spec.name}' with "
        f"{expected}, got {got}; choose another runtime, device or build"
    )
