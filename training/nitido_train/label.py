"""Delta labels (source: T4): how much an enhancer changes the quality of degraded and of clean photos.

Quality here is a pseudo-opinion from 1 to 10 computed against the known pristine photo, since no opinions of
people are at hand: a logistic curve over PSNR, 30 dB in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nitido.blur import Blur, apply_filter, decode, inverse_filter, noise_sigma, spectrum
from nitido.deblock import deblock, find_steps
from nitido.photo.model import Pixels
from nitido_train import checkpoint, data
from nitido_train.degrade import FACTORS, Degradation, degrade, random_degradation
from nitido_train.metrics import psnr
from nitido_train.nets.blur import CONFIDENCE, SPACE, BlurConfig, BlurNet
from nitido_train.nets.restore import RestoreConfig, RestoreNet
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.nets.trigger import OUTPUTS
from nitido_train.resample import bicubic_downscale, bicubic_upscale
from nitido_train.tensors import to_pixels, to_tensor


def quality(pixels: Pixels, pristine: Pixels) -> float:
    """Pseudo-opinion, 1 (unusable) to 10 (indistinguishable from ``pristine``)."""
    return float(1 + 9 / (1 + np.exp(-(psnr(pixels, pristine) - 30) / 4)))


@dataclass(frozen=True)
class Label:
    """One labelled photo; ``gains`` are quality changes in the order of the trigger's outputs."""

    pixels: Pixels
    degradation: Degradation
    quality: float
    gains: NDArray[np.float32]


class Enhancers:
    """The trained restorer and upscaler in torch, where one pass tells every factor apart.

    The exported bundles compute the same (their parity is gated); there, one run per factor would be needed.
    """

    def __init__(self, restore: Path, blur: Path, upscale: Path) -> None:
        self.files = {"restore": restore, "blur": blur, "upscale": upscale}
        self._restore = RestoreNet(RestoreConfig(**checkpoint.load_provenance(restore).network)).eval()
        self._blur = BlurNet(BlurConfig(**checkpoint.load_provenance(blur).network)).eval()
        self._upscale = SrNet(SrConfig(**checkpoint.load_provenance(upscale).network)).eval()
        for net, file in ((self._restore, restore), (self._blur, blur), (self._upscale, upscale)):
            checkpoint.load_weights(net, file)
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs

    def ids(self) -> dict[str, str]:
        """Identity per model: what a trigger trained on these labels belongs to."""
        restore, blur, upscale = (self.files[name] for name in ("restore", "blur", "upscale"))
        return {"restore": checkpoint.identity(restore, blur), "upscale": checkpoint.identity(upscale)}

    def estimate_blur(self, pixels: Pixels) -> Blur:
        """As ``nitido.Restorer.estimate_blur``."""
        features = torch.from_numpy(spectrum(pixels, SPACE.window).ravel()[None])
        with torch.inference_mode():
            blur, confidence = decode(self._blur(features)[0].numpy(), SPACE)
        return blur if confidence >= CONFIDENCE else Blur("sharp")

    def restored(self, pixels: Pixels) -> list[Pixels]:
        """The photo restored of all factors, then of each factor alone, in the order of FACTORS.

        The network sees a closed form only when its factor is asked for, as in the runtime.
        """
        blur, steps = self.estimate_blur(pixels), find_steps(pixels)
        deblurred = deblocked = pixels
        if blur.family != "sharp":
            deblurred = apply_filter(pixels, inverse_filter(blur.kernel(), noise_sigma(pixels)))
        if steps is not None:
            deblocked = deblock(pixels, steps)
        plain = self._residuals(pixels, pixels, pixels)
        asked = {
            "deblur": plain if deblurred is pixels else self._residuals(pixels, deblurred, pixels),
            "deartifact": plain if deblocked is pixels else self._residuals(pixels, pixels, deblocked),
        }
        both = self._residuals(pixels, deblurred, deblocked)
        image = pixels.astype(np.float32)
        parts = [both.sum(0), *(asked.get(factor, plain)[i] for i, factor in enumerate(FACTORS))]
        return [np.clip(image - part + 0.5, 0, 255).astype(np.uint8) for part in parts]

    def _residuals(self, *photos: Pixels) -> NDArray[np.float32]:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            output = self._restore.residuals(*(to_tensor([photo]) for photo in photos))[0].float()
        planes = output.reshape(len(FACTORS), 3, *output.shape[1:])
        residuals: NDArray[np.float32] = (planes * 255).permute(0, 2, 3, 1).numpy()
        return residuals

    def upscaled(self, pixels: Pixels) -> Pixels:
        """The photo at twice its size."""
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return to_pixels(self._upscale(to_tensor([pixels]))[0])


def label(clean: Pixels, degradation: Degradation, enhancers: Enhancers, rng: np.random.Generator) -> Label:
    """Degrade a photo (sides multiples of 8) and measure what the enhancers make of it.

    The gain of upscaling is what the network wins over bicubic when the photo itself, at half its size, is
    enlarged again: a blurred or noisy photo has no detail that a better upscaler could bring out.
    """
    pixels = degrade(clean, degradation, rng).pixels
    before = quality(pixels, clean)
    gains = [quality(restored, clean) - before for restored in enhancers.restored(pixels)]
    small = bicubic_downscale(pixels, 2)
    gains.append(quality(enhancers.upscaled(small), clean) - quality(bicubic_upscale(small, 2), clean))
    assert len(gains) == len(OUTPUTS)
    return Label(pixels, degradation, before, np.array(gains, np.float32))


def labels(
    photos: list[Pixels], enhancers: Enhancers, side: int, seed: int, clean: float = 0.3
) -> Iterator[Label]:
    """Endless labels of random square crops; at least a share of ``clean`` is not degraded."""
    rng = np.random.default_rng(seed)
    places = data.crops(photos, side, rng)
    while True:
        index, top, left = next(places)
        crop = data.random_symmetry(photos[index][top : top + side, left : left + side], int(rng.integers(8)))
        degradation = Degradation() if rng.random() < clean else random_degradation(rng)
        yield label(np.ascontiguousarray(crop), degradation, enhancers, rng)
