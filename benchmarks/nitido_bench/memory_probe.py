"""The process that suite ``memory`` watches: one model, one large photo; prints one JSON object.

python -m nitido_bench.memory_probe restore 48
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np

import nitido
from nitido.photo.model import Pixels

MB = 1_000_000


def large_photo(megapixels: float) -> Pixels:
    """A 4:3 photo with texture, noise and soft edges everywhere, made without a second copy of it."""
    height = round(math.sqrt(megapixels * MB * 3 / 4))
    width = round(megapixels * MB / height)
    rng = np.random.default_rng(0)
    cell = rng.integers(40, 216, (64, 64, 3)).repeat(9, axis=0).repeat(9, axis=1)
    cell = (cell + rng.normal(0, 12, cell.shape)).clip(0, 255).astype(np.uint8)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, cell.shape[0]):
        for left in range(0, width, cell.shape[1]):
            place = pixels[top : top + cell.shape[0], left : left + cell.shape[1]]
            place[:] = cell[: place.shape[0], : place.shape[1]]
    return pixels


def peak_memory() -> int:
    """The most bytes that this process ever held in memory.

    Linux's ``ru_maxrss`` counts what the parent held when it started us, so the kernel's mark is read there.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def probe(model: str, megapixels: float, runtime: str | None, threads: int | None) -> dict[str, str | float]:
    """Run ``model`` on a photo of ``megapixels``; sizes in MB (10^6 bytes)."""
    photo = large_photo(megapixels)
    if model == "restore":
        enhance: nitido.Restorer | nitido.Upscaler = nitido.Restorer.open(
            model, runtime=runtime, threads=threads
        )
    else:
        enhance = nitido.Upscaler.open(model, runtime=runtime, threads=threads)
    start = time.perf_counter()
    result = enhance(photo)
    seconds = time.perf_counter() - start
    peak = peak_memory()
    return {
        "model": model,
        "megapixels": megapixels,
        "target": enhance.info.target,
        "input_mb": round(photo.nbytes / MB, 1),
        "output_mb": round(result.nbytes / MB, 1),
        "peak_mb": round(peak / MB, 1),
        "beside_mb": round((peak - photo.nbytes - result.nbytes) / MB, 1),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("megapixels", type=float)
    parser.add_argument("--runtime")
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    sys.stdout.write(json.dumps(probe(args.model, args.megapixels, args.runtime, args.threads)) + "\n")


if __name__ == "__main__":
    main()
