"""An enhancer and a scorer of someone else's, as workers in other processes import them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from nitido.photo.model import Pixels
from nitido.scorer import Quality

PIDS = "LABEL_FAKES_PIDS"
"""Environment variable: the folder where slow enhancers leave a file named for their process."""
SEEN: list[bytes] = []
"""Every photo that an enhancer of this process was given."""


class Smoother:
    """Removes everything by a mean of 3 x 3 pixels; of single factors it knows only noise."""

    id = "smoother-1"
    upscaler_id = "nearest-1"

    def __call__(self, pixels: Pixels) -> dict[str, Pixels]:
        SEEN.append(pixels.tobytes())
        return {"joint": smooth(pixels), "denoise": smooth(pixels)}

    def upscaled(self, pixels: Pixels) -> Pixels:
        return pixels.repeat(2, axis=0).repeat(2, axis=1)


class SlowSmoother(Smoother):
    """The same results, slowly enough to be killed in between."""

    def __call__(self, pixels: Pixels) -> dict[str, Pixels]:
        (Path(os.environ[PIDS]) / str(os.getpid())).touch()
        time.sleep(0.1)
        return super().__call__(pixels)


class OtherSmoother(Smoother):
    id = "smoother-2"


class Calm:
    """The smoother a picture, the better."""

    id = "calm-1"

    def __call__(self, pixels: Pixels) -> Quality:
        step = float(np.abs(np.diff(pixels.astype(np.float32), axis=1)).mean())
        return Quality(10 - 9 * min(step / 64, 1.0), 0.0)


def smooth(pixels: Pixels) -> Pixels:
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint16)
    height, width = pixels.shape[:2]
    total = sum(padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3))
    return np.asarray((total + 4) // 9, np.uint8)


def make() -> Smoother:
    return Smoother()


def make_slow() -> SlowSmoother:
    return SlowSmoother()


def make_other() -> OtherSmoother:
    return OtherSmoother()


def make_calm() -> Calm:
    return Calm()


def make_nothing() -> None:
    return None
