"""How close two pictures are, by figures that people know, each from a library that is kept well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nitido.photo.model import Pixels
from nitido_bench.errors import PackageMissing
from nitido_bench.suite import Row
from nitido_train.metrics import psnr, psnr_y, ssim_y

EQUAL = 99.0
"""Stands for the infinite PSNR of equal pictures."""
DIGITS = {"psnr_y": 3, "psnr_rgb": 3, "ssim_y": 5, "ssim_rgb": 5, "ms_ssim": 5, "flip": 5}
_SMALLEST_MS_SSIM = 161
"""Side from which five scales of an 11-pixel window fit in."""


def figures(result: Pixels, truth: Pixels, border: int) -> dict[str, float]:
    """PSNR in dB and SSIM of luma and of RGB, MS-SSIM of RGB, the mean error of FLIP (0 is equal, 1 worst).

    A ``border`` of so many pixels is left out of all. MS-SSIM is missing of pictures too small for it.
    """
    inner = np.s_[border : result.shape[0] - border, border : result.shape[1] - border]
    a, b = np.ascontiguousarray(result[inner]), np.ascontiguousarray(truth[inner])
    found = {
        "psnr_y": min(psnr_y(a, b), EQUAL),
        "psnr_rgb": min(psnr(a, b), EQUAL),
        "ssim_y": ssim_y(a, b),
        "ssim_rgb": float(np.mean([ssim_y(a[..., c], b[..., c]) for c in range(3)])),
        "flip": flip(a, b),
    }
    return found | ({"ms_ssim": ms_ssim(a, b)} if min(a.shape[:2]) >= _SMALLEST_MS_SSIM else {})


def ms_ssim(a: Pixels, b: Pixels) -> float:
    """Multi-scale structural similarity of RGB (Wang et al. 2003), by pytorch-msssim."""
    import pytorch_msssim
    import torch

    tensors = [torch.from_numpy(x.astype(np.float32)).permute(2, 0, 1)[None] for x in (a, b)]
    return float(pytorch_msssim.ms_ssim(*tensors, data_range=255))


def flip(a: Pixels, b: Pixels) -> float:
    """What people notice when flipping between two pictures (Andersson et al. 2020), by NVIDIA's evaluator.

    At the distance where a degree of sight is 67 pixels wide, the evaluator's own choice.
    """
    try:
        import flip_evaluator  # type: ignore[import-untyped]
    except ImportError as error:
        raise PackageMissing(
            "expected the package flip-evaluator, for a perceptual distance; pip install 'nitido[bench]'"
        ) from error
    pair = [x.astype(np.float32) / np.float32(255) for x in (b, a)]
    return float(flip_evaluator.evaluate(*pair, "LDR", applyMagma=False)[1])


def mean(rows: Sequence[dict[str, float]]) -> Row:
    """Means over pictures, rounded; of what all of them have."""
    return {
        name: round(float(np.mean([row[name] for row in rows])), digits)
        for name, digits in DIGITS.items()
        if all(name in row for row in rows)
    }
