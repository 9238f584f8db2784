"""Moving pictures out of photos: pans, zooms with a turn, a foreground that moves against its background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Luma = NDArray[np.uint8]
"""(H, W), or (frames, H, W) of a clip."""

_FASTEST = 24.0
"""Pixels a frame, at the size of the photo."""


def moving(photos: Sequence[Luma], side: int, frames: int, rng: np.random.Generator) -> Luma:
    """A clip (frames, side, side) over photos of at least ``side`` pixels; a tenth of them stands still."""
    kind = rng.random()
    if kind < 0.1:
        return pan(_pick(photos, rng), side, frames, rng, speed=0.0)
    if kind < 0.55:
        return pan(_pick(photos, rng), side, frames, rng)
    if kind < 0.75:
        return zoom(_pick(photos, rng), side, frames, rng)
    return parallax(_pick(photos, rng), _pick(photos, rng), side, frames, rng)


def pan(photo: Luma, side: int, frames: int, rng: np.random.Generator, speed: float | None = None) -> Luma:
    """The camera moves in whole pixels of the photo, which are fractions of one once it is made small."""
    path = _path(photo, side, frames, rng, speed)
    return np.stack([photo[top : top + side, left : left + side] for top, left in path])


def zoom(photo: Luma, side: int, frames: int, rng: np.random.Generator) -> Luma:
    """The camera moves in or out, and turns a little; never magnified, so that the frames stay sharp."""
    height, width = photo.shape
    room = min(height, width) / side
    start, end = rng.uniform(1.0, max(1.0, min(1.5, room / 1.1)), 2)
    turn = rng.normal(0, 0.01)
    centre = np.array([rng.uniform(0.45, 0.55) * height, rng.uniform(0.45, 0.55) * width])
    image = Image.fromarray(photo)
    made = []
    for share in np.linspace(0, 1, frames):
        size = start + share * (end - start)
        cos, sin = size * np.cos(turn * share * frames), size * np.sin(turn * share * frames)
        half = side / 2
        matrix = (
            cos,
            -sin,
            centre[1] - cos * half + sin * half,
            sin,
            cos,
            centre[0] - sin * half - cos * half,
        )
        made.append(image.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
    return np.stack([np.asarray(frame) for frame in made])


def parallax(back: Luma, front: Luma, side: int, frames: int, rng: np.random.Generator) -> Luma:
    """A blob of one photo moves across another, so that things are hidden and come to light."""
    behind, before = pan(back, side, frames, rng), pan(front, side, frames, rng)
    noise = rng.integers(0, 256, (6, 6), dtype=np.uint8)
    blob = Image.fromarray(noise).resize((2 * side, 2 * side), Image.Resampling.BICUBIC)
    mask = np.asarray(blob.point(lambda value: 255 * (value > 140)).filter(ImageFilter.GaussianBlur(1)))
    share = pan(mask, side, frames, rng).astype(np.float32) / 255
    mixed: Luma = (behind + share * (before.astype(np.float32) - behind) + 0.5).astype(np.uint8)
    return mixed


def _pick(photos: Sequence[Luma], rng: np.random.Generator) -> Luma:
    return photos[int(rng.integers(len(photos)))]


def _path(
    photo: Luma, side: int, frames: int, rng: np.random.Generator, speed: float | None
) -> list[tuple[int, int]]:
    """Top left corners: a straight line with some shake, kept inside of the photo."""
    if speed is None:
        speed = float(np.exp(rng.uniform(np.log(0.25), np.log(_FASTEST))))
    angle = rng.uniform(0, 2 * np.pi)
    steps = np.arange(frames)[:, None] * speed * np.array([np.sin(angle), np.cos(angle)])
    steps = steps + rng.normal(0, 0.05 * speed, steps.shape).cumsum(0)
    room = np.array(photo.shape) - side
    steps -= steps.min(0)
    reach = np.minimum(steps.max(0), room)
    corner = rng.uniform(0, 1, 2) * (room - reach)
    places = np.clip(np.round(corner + steps), 0, room).astype(int)
    return [(int(top), int(left)) for top, left in places]
