"""uint8 pixels to torch batches and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nitido.photo.model import Pixels


def to_tensor(images: Sequence[Pixels]) -> Tensor:
    """Images of one size to a channels_last float batch (N, 3, H, W) in [0, 1]."""
    # numpy: torch would start a second team of threads in the one that makes batches, and both would wait.
    batch = np.stack(images).astype(np.float32)
    batch *= np.float32(1 / 255)
    return torch.from_numpy(batch).permute(0, 3, 1, 2)


def to_pixels(image: Tensor) -> Pixels:
    """One image (3, H, W) to pixels: rounded and clipped."""
    pixels: Pixels = (image.float().permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy()
    return pixels
