"""PSNR and SSIM as super-resolution papers compute them, on 8-bit luma with a cropped border; of colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nitido.chroma import chroma_of


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


def gradient_error(a: NDArray[np.uint8], b: NDArray[np.uint8], border: int = 0) -> float:
    """Root mean square difference, in grey levels, of the gradient magnitudes of luma smoothed with sigma 1.

    What the source of G1 minimises, as a figure: 0 where all edges are equally strong.
    """
    from scipy.ndimage import gaussian_filter

    slopes = [np.gradient(gaussian_filter(luma(image), 1.0, truncate=3.0)) for image in (a, b)]
    difference = np.hypot(*slopes[0]) - np.hypot(*slopes[1])
    return float(np.sqrt(np.mean(_cropped(difference, border) ** 2)))


def psnr_chroma(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """PSNR in dB over Cb and Cr of two (H, W, 3) images, full range as JPEG has them, peak 255."""
    return psnr(255 * chroma_of(a), 255 * chroma_of(b))


def colourfulness(image: NDArray[np.uint8]) -> float:
    """How colourful people find a (H, W, 3) image: 0 grey, 15 slightly, 33 moderately, 59 quite, 109 very.

    Formula of Hasler & Süsstrunk 2003, "Measuring colourfulness in natural images".
    """
    red, green, blue = np.moveaxis(image.astype(np.float64), 2, 0)
    opponents = red - green, (red + green) / 2 - blue
    deviation, mean = (float(np.hypot(*(f(plane) for plane in opponents))) for f in (np.std, np.mean))
    return deviation + 0.3 * mean
