"""Degradations T1, v = C(S(u * k) + n): blur, sensor saturation, noise, JPEG, with recorded parameters.

Every stage rounds to 8 bits, so a degraded photo is exactly its clean original plus one whole-number
residual per factor. That is what gives the restorer its knobs: removing one factor means subtracting its
residual and no other.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.blur import KERNEL_SIDE, Blur, filter_valid
from nitido.photo.model import Pixels
from nitido_train.mosaic import demosaicked

FACTORS = ("deblur", "denoise", "deartifact", "desaturate")
"""What a restorer can undo, in the order of its ``strength`` input."""

GAINS = ("joint", *FACTORS, "upscale")
"""What labels measure and triggers predict: everything undone, one factor alone, more pixels."""

Residual = NDArray[np.int16]


@dataclass(frozen=True)
class Saturation:
    """A sensor that clips: above ``knee`` values rise ``slope`` times too steeply, and full pixels spill."""

    knee: float
    slope: float
    spill: float
    """Share of the excess that reaches the neighbours."""
    reach: float
    """Sigma of the spill in pixels."""


@dataclass(frozen=True)
class Degradation:
    """The parameters of one degraded photo; the defaults leave it as it is."""

    blur: Blur = Blur("sharp")  # noqa: RUF009 - a frozen dataclass is a safe default
    saturation: Saturation | None = None
    read_noise: float = 0.0
    """Standard deviation in grey levels, the same everywhere."""
    shot_noise: float = 0.0
    """Variance in squared grey levels per grey level of signal."""
    jpeg_quality: int | None = None
    jpeg_subsampling: int = 2
    """Pillow's numbers: 0 is 4:4:4, 2 is 4:2:0."""
    mosaic: bool = False
    """Whether the noise is that of a sensor which sees one colour per pixel, see ``mosaic``; its figures are
    then those of the sensor's samples, of which interpolation leaves three quarters."""

    @property
    def is_clean(self) -> bool:
        """True when nothing is degraded."""
        return not self.factors

    @property
    def factors(self) -> frozenset[str]:
        """Which of FACTORS there is something to undo of."""
        present = {
            "deblur": self.blur.family != "sharp",
            "denoise": self.read_noise > 0 or self.shot_noise > 0,
            "deartifact": self.jpeg_quality is not None,
            "desaturate": self.saturation is not None,
        }
        return frozenset(factor for factor, there in present.items() if there)


@dataclass(frozen=True, eq=False)
class Degraded:
    """A degraded photo and what each factor added: ``pixels == clean + sum(residuals)``, exactly."""

    pixels: Pixels
    clean: Pixels
    residuals: dict[str, Residual]


def degrade(clean: Pixels, degradation: Degradation, rng: np.random.Generator) -> Degraded:
    """Degrade a clean photo; ``rng`` draws the noise."""
    stages = [clean]
    stages.append(blurred(stages[-1], degradation.blur))
    stages.append(saturated(stages[-1], degradation.saturation))
    read, shot, mosaic = degradation.read_noise, degradation.shot_noise, degradation.mosaic
    stages.append(noisy(stages[-1], read, shot, rng, mosaic))
    stages.append(compressed(stages[-1], degradation.jpeg_quality, degradation.jpeg_subsampling))
    order = ("deblur", "desaturate", "denoise", "deartifact")
    residuals = {
        factor: after.astype(np.int16) - before
        for factor, before, after in zip(order, stages[:-1], stages[1:], strict=True)
    }
    return Degraded(stages[-1], clean, residuals)


def blurred(clean: Pixels, blur: Blur) -> Pixels:
    """Convolve with the blur's kernel; borders are mirrored."""
    if blur.family == "sharp":
        return clean
    reach = KERNEL_SIDE // 2
    padded = np.pad(clean, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    return filter_valid(padded, blur.kernel())


def saturated(clean: Pixels, saturation: Saturation | None) -> Pixels:
    """Blow out the highlights; the light that a full pixel cannot hold brightens its neighbours."""
    if saturation is None:
        return clean
    values = clean.astype(np.float32)
    brightest = values.max(axis=2, keepdims=True)
    above = np.maximum(brightest - saturation.knee, 0)
    exposed = values * (
        1 + (saturation.slope - 1) * above / np.maximum(brightest, 1)
    )  # hue stays until a channel clips
    excess = np.clip(np.maximum(exposed - 255, 0), 0, 255).astype(np.uint8)
    glow = blurred(excess, Blur("gaussian", saturation.reach)).astype(np.float32)
    return _round(np.minimum(exposed, 255) + saturation.spill * glow)


def noisy(clean: Pixels, read: float, shot: float, rng: np.random.Generator, mosaic: bool = False) -> Pixels:
    """Add Gaussian read noise and signal-dependent shot noise: per channel, or per pixel of a ``mosaic``."""
    if read <= 0 and shot <= 0:
        return clean
    values = clean.astype(np.float32)
    sigma = np.sqrt(read**2 + shot * values, dtype=np.float32)
    if mosaic:
        return _round(values + demosaicked(sigma, rng))
    return _round(values + sigma * rng.standard_normal(values.shape, dtype=np.float32))


def compressed(clean: Pixels, quality: int | None, subsampling: int = 2) -> Pixels:
    """Through a real JPEG encoder and back; a photo without colour is compressed as greyscale."""
    if quality is None:
        return clean
    grey = bool(np.array_equal(clean[..., 0], clean[..., 1]) and np.array_equal(clean[..., 1], clean[..., 2]))
    file = io.BytesIO()
    if grey:
        Image.fromarray(clean[..., 0]).save(file, "JPEG", quality=quality)
    else:
        Image.fromarray(clean).save(file, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _round(values: NDArray[np.float32]) -> Pixels:
    rounded: Pixels = np.clip(values + 0.5, 0, 255).astype(np.uint8)
    return rounded


def random_blur(rng: np.random.Generator) -> Blur:
    """Half motion, a third defocus, the rest Gaussian."""
    kind = rng.random()
    if kind < 0.5:
        return Blur("motion", float(rng.uniform(3, 17)), float(rng.uniform(0, np.pi)))
    if kind < 0.83:
        return Blur("disc", float(rng.uniform(1, 4.5)))
    return Blur("gaussian", float(rng.uniform(0.7, 2.6)))


def random_damage(rng: np.random.Generator, factors: frozenset[str] | None = None) -> Degradation:
    """A draw of ``random_degradation`` that is not clean; with ``factors`` one of exactly those."""
    while True:
        drawn = random_degradation(rng)
        if not drawn.is_clean if factors is None else drawn.factors == factors:
            return drawn


def random_degradation(rng: np.random.Generator, mosaic: float = 0.0) -> Degradation:
    """One draw for training: a fifth clean, half with a single factor, the rest mixtures.

    ``mosaic`` is the share of noise that is demosaicked; at 0 nothing is drawn for it, so that the draws of
    labels and benchmarks are those of every version.

    Nothing fainter than what a viewer would notice: a network that learns to remove invisible noise and
    the traces of a good JPEG takes the grain of clean photos for them.
    """
    kind = rng.random()
    if kind < 0.2:
        return Degradation()
    if kind < 0.66:
        chosen = {str(rng.choice(FACTORS, p=[0.2, 0.4, 0.3, 0.1]))}
    else:
        chances = {"deblur": 0.45, "denoise": 0.6, "deartifact": 0.6, "desaturate": 0.25}
        chosen = {factor for factor, chance in chances.items() if rng.random() < chance}
    alone = len(chosen) == 1
    saturation = Saturation(
        knee=float(rng.uniform(130, 220)),
        slope=float(rng.uniform(2, 6)),
        spill=float(rng.uniform(0, 0.4)),
        reach=float(rng.uniform(1.5, 5)),
    )
    # Noise beside blur is mild: nothing brings back detail below strong noise, and phones average it away.
    read = float(rng.uniform(3, 40 if alone else (8 if "deblur" in chosen else 25)))
    shot = float(rng.uniform(0, 1.0)) if rng.random() < 0.4 else 0.0
    noise = "denoise" in chosen
    degradation = Degradation(
        blur=random_blur(rng) if "deblur" in chosen else Blur("sharp"),
        saturation=saturation if "desaturate" in chosen else None,
        read_noise=read if noise else 0.0,
        shot_noise=shot if noise else 0.0,
        jpeg_quality=int(rng.integers(8, 75)) if "deartifact" in chosen else None,
        jpeg_subsampling=int(rng.choice([0, 2])),
    )
    return replace(degradation, mosaic=True) if noise and mosaic and rng.random() < mosaic else degradation
