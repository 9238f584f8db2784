"""Real encoders: a luma plane through JPEG, WebP or H.264 and back, with the bits that it took."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from nitido_train.data import crops, random_symmetry
from nitido_train.errors import TrainingDataError

Plane = NDArray[np.uint8]
"""(H, W) luma."""
Codec = Literal["jpeg", "webp", "h264"]
CODECS: tuple[Codec, ...] = ("jpeg", "webp", "h264")
QUALITIES: dict[Codec, tuple[int, int]] = {"jpeg": (20, 95), "webp": (20, 95), "h264": (40, 16)}
"""From coarse to fine: quality of JPEG and WebP, QP of H.264."""


class Encoded(NamedTuple):
    """What a real codec made of a plane."""

    decoded: Plane
    bits: int
    """Of the picture: what an empty one of the same size takes, the headers, is taken off."""


class CodecPairs(NamedTuple):
    """A batch of planes and what real codecs made of them."""

    planes: Tensor
    """(N, 1, H, W) in [0, 1]."""
    codec: Tensor
    """(N,) index into ``CODECS``."""
    quality: Tensor
    """(N,) quality or QP."""
    decoded: Tensor
    """(N, 1, H, W) in [0, 1]."""
    bits: Tensor
    """(N,)."""


def through(plane: Plane, codec: Codec, quality: int) -> Encoded:
    """Encode and decode; an H.264 plane becomes one intra picture of libx264 at QP ``quality``."""
    decoded, size = _coded(plane, codec, quality)
    _, headers = _coded(np.full_like(plane, 128), codec, quality)
    return Encoded(decoded, 8 * max(1, size - headers))


def pairs(
    planes: Sequence[Plane], side: int, batch: int, seed: int = 0, codecs: Sequence[Codec] = CODECS
) -> Iterator[CodecPairs]:
    """Endless batches of random crops through random codecs at random qualities.

    They come in twos: a crop, and the same one sharpened or smoothed, as downscalers may make it.
    """
    rng = np.random.default_rng(seed)
    places = crops(planes, side, rng)
    headers: dict[tuple[Codec, int], int] = {}
    while True:
        drawn = []
        for index, top, left in (next(places) for _ in range(batch // 2)):
            plain = planes[index][top : top + side, left : left + side]
            plain = np.ascontiguousarray(random_symmetry(plain, int(rng.integers(8))))
            codec = codecs[int(rng.integers(len(codecs)))]
            quality = round(float(rng.uniform(*sorted(QUALITIES[codec]))))
            if (codec, quality) not in headers:
                headers[codec, quality] = _coded(np.full_like(plain, 128), codec, quality)[1]
            for crop in (plain, _altered(plain, rng)):
                decoded, size = _coded(crop, codec, quality)
                bits = 8 * max(1, size - headers[codec, quality])
                drawn.append((crop, CODECS.index(codec), quality, decoded, bits))
        crop_, code, quality_, decoded_, bits_ = zip(*drawn, strict=True)
        yield CodecPairs(
            planes_to_tensor(crop_),
            torch.tensor(code),
            torch.tensor(quality_, dtype=torch.float32),
            planes_to_tensor(decoded_),
            torch.tensor(bits_, dtype=torch.float32),
        )


def planes_to_tensor(planes: Sequence[Plane]) -> Tensor:
    """Planes of one size to (N, 1, H, W) in [0, 1]."""
    return torch.from_numpy(np.stack(planes).astype(np.float32) / np.float32(255))[:, None]


def _altered(plane: Plane, rng: np.random.Generator) -> Plane:
    blurred = Image.fromarray(plane).filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.6)))
    fine = plane.astype(np.float32) - np.asarray(blurred)
    altered: Plane = np.clip(np.rint(plane + rng.uniform(-0.8, 1.0) * fine), 0, 255).astype(np.uint8)
    return altered


def _coded(plane: Plane, codec: Codec, quality: int) -> tuple[Plane, int]:
    """The decoded plane, and bytes of the file."""
    if codec == "h264":
        return _h264(plane, quality)
    buffer = io.BytesIO()
    image = Image.fromarray(plane)
    if codec == "webp":  # it has no grey mode; flat chroma costs it next to nothing
        image = Image.merge("RGB", [image] * 3)
        image.save(buffer, "WEBP", quality=quality)
    else:
        image.save(buffer, "JPEG", quality=quality, optimize=True)
    size = buffer.tell()
    with Image.open(buffer) as decoded:
        return np.asarray(decoded.convert("L")), size


def _h264(plane: Plane, qp: int) -> tuple[Plane, int]:
    try:
        import av
    except ImportError as error:
        raise TrainingDataError("H.264 needs PyAV: pip install 'nitido[video]'") from error
    height, width = plane.shape
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="h264") as clip:
        stream = clip.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        stream.options = {"qp": str(qp), "g": "1", "threads": "1"}
        frame = av.VideoFrame.from_ndarray(plane, format="gray")
        for packet in [*stream.encode(frame), *stream.encode()]:
            clip.mux(packet)
    size = buffer.tell()
    buffer.seek(0)
    with av.open(buffer, "r", format="h264") as coded:
        luma = next(coded.decode(video=0)).planes[0]  # converting it would stretch its range
        rows = np.frombuffer(bytes(luma), np.uint8).reshape(height, luma.line_size)
        return rows[:, :width].copy(), size
