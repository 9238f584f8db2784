"""How coarse a codec is at a quality, on one scale for all of them: what a downscaler is told."""

from __future__ import annotations

import math
from typing import Literal, get_args

from nitido.errors import InvalidOption

Codec = Literal["jpeg", "webp", "h264", "avif"]
CODECS: tuple[Codec, ...] = get_args(Codec)


def coarseness(codec: Codec, quality: float) -> float:
    """Log2 of about how many grey levels a quantiser's step is; quality as the codec counts it.

    JPEG: libjpeg's factor of the first step of T.81's table, 16. H.264: 0.625 at a QP of 0, twice as much
    every 6. WebP: libwebp's curve, and VP8's steps, about exponential in its index. AVIF: measured against
    JPEG, at equal square error of luma. Raises InvalidOption.
    """
    if codec == "jpeg":
        quality = min(max(quality, 1), 100)
        return math.log2(max(1.0, 16 * (50 / quality if quality < 50 else 2 - quality / 50)))
    if codec == "h264":
        return quality / 6 + math.log2(0.625)
    share = min(max(quality, 0), 100) / 100
    if codec == "webp":
        curve: float = max(1e-3, share * (2 / 3) if share < 0.75 else 2 * share - 1) ** (1 / 3)
        return 2 + 6 * (1 - curve)
    if codec == "avif":
        return 7.3 - 7.4 * share
    raise InvalidOption(f"expected a codec among {', '.join(CODECS)}, got {codec!r}; name one of them")
