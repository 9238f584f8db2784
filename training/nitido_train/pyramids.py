"""What a video network learns from: clips at four sizes, the small ones as a codec leaves them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nitido_train.motion import Luma
from nitido_train.nets.video import CELLS, SOURCES, TARGETS
from nitido_train.resample import bicubic_matrix, to_uint8

_COMPARED = 3
"""Frames of a clip in the loss: neighbours teach the same, and decoding costs the most."""
_MARGIN = 2
"""Cells around a patch, cut off again: what lies beyond it has its share in smaller sizes."""


@dataclass(frozen=True)
class Compression:
    """How often the small frames of a batch go through a codec, and how roughly."""

    jpeg: float = 0.1
    h264: float = 0.25
    qualities: tuple[int, int] = (30, 95)
    """Of JPEG."""
    factors: tuple[int, int] = (16, 36)
    """Constant rate factors of x264."""


@dataclass(frozen=True)
class PyramidBatch:
    """Luma in [0, 1], (frames, N, 1, H, W), by height of the whole frame."""

    sources: Mapping[int, Tensor]
    targets: Mapping[int, Tensor]
    compared: Tensor
    """Numbers of the frames whose results count."""


def side_of_clips(patch: int) -> int:
    """Pixels of the largest size from which a patch of so many cells can be made."""
    return (patch + 2 * _MARGIN) * max(CELLS.values())


def batches(
    clip: Callable[[np.random.Generator], Luma],
    patch: int,
    batch: int,
    compression: Compression,
    seed: int = 0,
) -> Iterator[PyramidBatch]:
    """Endless batches of clips (frames, side, side) that ``clip`` draws, ``patch`` cells a side.

    A few frames of each are compared, others in each batch.
    """
    rng = np.random.default_rng(seed)
    while True:
        clips = [_symmetric(clip(rng), int(rng.integers(8))) for _ in range(batch)]
        made = pyramid(np.stack(clips, 1), patch, compression, rng)
        length = len(clips[0])
        compared = np.sort(rng.choice(length, min(_COMPARED, length), replace=False))
        yield replace(made, compared=torch.from_numpy(compared))


def pyramid(clips: Luma, patch: int, compression: Compression, rng: np.random.Generator) -> PyramidBatch:
    """(frames, N, side, side) of the largest size: made small by bicubic, rounded, and compressed."""
    levels = {height: _level(clips, patch, height) for height in CELLS}
    kind = rng.random()
    small = {height: levels[height] for height in SOURCES}
    if kind < compression.jpeg:
        quality = int(rng.integers(compression.qualities[0], compression.qualities[1] + 1))
        small = {height: through_jpeg(frames, quality) for height, frames in small.items()}
    elif kind < compression.jpeg + compression.h264:
        factor = int(rng.integers(compression.factors[0], compression.factors[1] + 1))
        small = {height: through_h264(frames, factor) for height, frames in small.items()}
    return PyramidBatch(
        {height: _to_tensor(frames) for height, frames in small.items()},
        {height: _to_tensor(levels[height]) for height in TARGETS},
        torch.arange(len(clips)),
    )


def through_jpeg(frames: Luma, quality: int) -> Luma:
    """(frames, N, H, W), each picture through a JPEG of its own."""

    def one(picture: Luma) -> Luma:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            return np.asarray(image)

    return np.stack([np.stack([one(picture) for picture in row]) for row in frames])


def through_h264(frames: Luma, factor: int) -> Luma:
    """(frames, N, H, W), the N clips side by side through one x264 stream; sides must be even."""
    import av

    count, clips, height, width = frames.shape
    rows = frames.transpose(0, 2, 1, 3).reshape(count, height, clips * width)
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = clips * width, height, "yuv420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    encoder.options = {"crf": str(factor), "preset": "veryfast", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    packets = []
    grey = np.full((height // 2, clips * width), 128, np.uint8)
    for number, row in enumerate(rows):
        frame = av.VideoFrame.from_ndarray(np.concatenate((row, grey)), format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoded = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    back = np.asarray([frame.to_ndarray()[:height] for frame in decoded], np.uint8)
    return back.reshape(count, height, clips, width).transpose(0, 2, 1, 3)


def _level(clips: Luma, patch: int, height: int) -> Luma:
    cells = CELLS[height]
    size = (patch + 2 * _MARGIN) * cells
    kept = slice(_MARGIN * cells, size - _MARGIN * cells)
    if size == clips.shape[-1]:
        return clips[..., kept, kept]
    matrix = bicubic_matrix(clips.shape[-1], size)[kept]
    return to_uint8(matrix @ clips.astype(np.float32) @ matrix.T)


def _symmetric(clip: Luma, code: int) -> Luma:
    """One of the eight flips and rotations of a square; also played backwards, by the same code."""
    turned = np.rot90(clip, code % 4, (1, 2))
    return turned[::-1, :, ::-1] if code >= 4 else turned


def _to_tensor(frames: NDArray[np.uint8]) -> Tensor:
    values = np.ascontiguousarray(frames[:, :, None], np.float32)
    return torch.from_numpy(values * np.float32(1 / 255))
