"""PSNR and SSIM as super-resolution papers compute them: on 8-bit luma, with a cropped border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def luma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """BT.601 studio-range luma (16..235) of a uint8 RGB image, rounded to 8 bits as ``rgb2ycbcr`` does.

    A two-dimensional image is taken to be luma already.
    """
    if image.ndim == 2:
        return image.astype(np.float64)
    y = image.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255.0 + 16.0
    rounded: NDArray[np.float64] = np.floor(y + 0.5)
    return rounded


def _cropped(image: NDArray[np.floating], border: int) -> NDArray[np.floating]:
    return image[border:-border, border:-border] if border else image


def psnr(a: NDArray[np.number], b: NDArray[np.number], border: int = 0) -> float:
    """Peak signal-to-noise ratio in dB of two images of one shape, peak 255; inf when they are equal."""
    if a.shape != b.shape:
        raise ValueError(f"expected two images of one shape, got {a.shape} and {b.shape}")
    difference = _cropped(a.astype(np.float64) - b.astype(np.float64), border)
    error = float(np.mean(difference**2))
    return float("inf") if error == 0 else float(10 * np.log10(255.0**2 / error))


def psnr_y(a: NDArray[np.uint8], b: NDArray[np.uint8], border: int = 0) -> float:
    """PSNR in dB on luma."""
    return psnr(luma(a), luma(b), border)


def ssim_y(a: NDArray[np.uint8], b: NDArray[np.uint8], border: int = 0) -> float:
    """Mean structural similarity on luma (Wang et al. 2004: 11x11 Gaussian window of sigma 1.5)."""
    from skimage.metrics import structural_similarity

    window = 5  # the papers average over positions whose 11x11 window lies inside the image
    _, values = structural_similarity(  # type: ignore[no-untyped-call]
        _cropped(luma(a), border),
        _cropped(luma(b), border),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return float(values[window:-window, window:-window].mean())
