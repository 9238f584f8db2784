"""What the memory suite measures with."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from nitido_bench.memory_probe import large_photo


def test_the_photo_has_the_size_asked_for_and_texture_everywhere() -> None:
    photo = large_photo(1.0)
    assert abs(photo.shape[0] * photo.shape[1] - 1_000_000) < 2_000
    rows = photo.shape[0] // 64 * 64
    blocks = photo[:rows, :1152].reshape(-1, 64, 18, 64, 3).astype(float)
    assert blocks.std(axis=(1, 3, 4)).min() > 5


def probe_output(code: str) -> int:
    """What a fresh process prints that runs ``code`` with ``peak_memory`` at hand."""
    code = f"import numpy as np\nfrom nitido_bench.memory_probe import peak_memory\n{code}"
    return int(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )


def test_peak_memory_counts_what_was_freed_since() -> None:
    code = "before = peak_memory()\nnp.ones(before + 50_000_000, np.uint8)\nprint(peak_memory() - before)"
    assert probe_output(code) > 45_000_000


def test_peak_memory_does_not_count_what_the_parent_held() -> None:
    block = np.ones(400_000_000, np.uint8)
    assert probe_output("print(peak_memory())") < block.size
