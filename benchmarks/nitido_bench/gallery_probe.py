"""The process that suite ``gallery`` watches: scans a folder with a cheap trigger; prints one JSON object.

python -m nitido_bench.gallery_probe photos index.sqlite --workers 2
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import nitido
from nitido_bench.memory_probe import MB, peak_memory


class CheapTrigger:
    """Costs next to nothing, so that the scan is what is measured: dark photos would gain."""

    id = "cheap"

    def __call__(self, pixels: nitido.Pixels) -> nitido.Improvability:
        """By the brightness of a hundredth of the pixels."""
        score = 1 - float(pixels[::10, ::10].mean()) / 255
        return nitido.Improvability(score, {"denoise": score}, score >= 0.5)


def probe(folder: str, index: str, workers: int) -> dict[str, int | float]:
    """One scan; memory in MB (10^6 bytes), listing of all suggestions included."""
    with nitido.Gallery(folder, CheapTrigger(), index=index) as gallery:
        start = time.perf_counter()
        scan = gallery.scan(workers=workers)
        seconds = time.perf_counter() - start
        suggested = len(gallery.suggest())
    return {
        "photos": scan.photos,
        "assessed": scan.assessed,
        "suggested": suggested,
        "seconds": round(seconds, 4),
        "peak_mb": round(peak_memory() / MB, 1),
    }


def main() -> None:
    """Command line; begins when a line comes in, so that several begin together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("index")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(probe(args.folder, args.index, args.workers)) + "\n")


if __name__ == "__main__":
    main()
