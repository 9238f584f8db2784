"""What suite ``trigger-cost`` times: a large JPEG, and the ways to look at it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import nitido
from nitido.cues import look
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.tensors import pixels_to_tensor, vector_to_tensor
from nitido_bench.bare import trigger_around
from nitido_bench.timing.stopwatch import Step

FRAME = (480, 640)
"""Height and width of a camera's preview."""

DECODE, FORWARD, ASSESS = "decode the JPEG", "forward pass", "assess: read and judge the file"
TRIGGER = "trigger on decoded pixels"


def mirrored(pixels: Pixels, height: int, width: int) -> Pixels:
    """A photo continued by its mirror images to this size: as much to decode per pixel as in the photo."""
    missing = (max(0, height - pixels.shape[0]), max(0, width - pixels.shape[1]))
    padded = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    return np.ascontiguousarray(padded[:height, :width])


def middle(pixels: Pixels, megapixels: float) -> Pixels:
    """The middle of a photo, in its proportions."""
    share = min(1.0, (megapixels * 1e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5)
    height, width = (round(length * share) for length in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def trigger_steps(file: Path, bundle: str, runtime: str | None, threads: int | None) -> dict[str, Step]:
    """Assessing a file, and its parts: bare decoding at the size that the view needs, one forward pass."""
    opened = nitido.Bundle.open(bundle)
    session = open_session(opened, runtime=runtime, threads=threads)
    trigger, estimator = trigger_around(session, opened, runtime, threads)
    pixels = nitido.read_photo(file, at_least=trigger.at_least).pixels
    image, cues = session.build.inputs
    seen, measured = look(pixels, trigger.task.view, estimator)
    inputs = {image.name: pixels_to_tensor(seen, image), cues.name: vector_to_tensor(measured, cues)}
    return {
        DECODE: lambda: bare_decode(file, trigger.at_least),
        FORWARD: lambda: session.run(inputs),
        ASSESS: lambda: trigger(nitido.read_photo(file, at_least=trigger.at_least).pixels),
        TRIGGER: lambda: trigger(pixels),
    }


def bare_decode(file: Path, at_least: tuple[int, int] | None) -> Pixels:
    """Pillow alone, as small as the trigger allows: the floor under reading a photo."""
    with Image.open(file) as image:
        if at_least is not None:
            image.draft("RGB", at_least)
        return np.asarray(image.convert("RGB"))


def lite_step(bundle: str, runtime: str | None, photo: Pixels) -> Step:
    """One preview frame after another through a small trigger on one core."""
    lite = nitido.Trigger.open(bundle, runtime=runtime, threads=1)
    frame = np.ascontiguousarray(photo[: FRAME[0], : FRAME[1]])
    return lambda: lite(frame)
