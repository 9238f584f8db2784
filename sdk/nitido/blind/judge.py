"""Asks the kernel discriminator how wrong kernels are on crops of a photo: many crops in one image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.bundle.manifest import BlindTask
from nitido.photo.model import Pixels
from nitido.runtime.session import Session
from nitido.tensors import fixed_size, pixels_to_tensor, tensor_to_vector, vector_to_tensor

Latents = NDArray[np.float32]
"""(..., task.latent)."""

MARGIN = 8
"""Pixels at a crop's edges that do not count: there the networks see its neighbour in the image."""
_COLUMNS, _MOST_ROWS = 6, 6


class Judge:
    """``judge(crops, latents)`` returns the predicted mean square error of each crop, in squared grey levels.

    The error is the *image delta*: what a wrong kernel does to the luma of the enlarged crop. A network takes
    one image a time, so crops are put side by side into one, each under its own latent.
    """

    def __init__(self, session: Session, task: BlindTask) -> None:
        self._session = session
        self._image, self._degradation = session.build.inputs
        (self._delta,) = session.build.outputs
        size = fixed_size(self._image)
        self._fixed = size is not None
        self._cell = task.cell
        height, width = size or (_MOST_ROWS * task.cell, _COLUMNS * task.cell)
        self._grid = height // task.cell, width // task.cell

    def __call__(self, crops: NDArray[np.uint8], latents: Latents) -> NDArray[np.float64]:
        """(N, cell, cell, 3) and (N, latent) to (N,)."""
        rows, columns = self._grid
        at_once = rows * columns
        parts = [
            self._run(crops[first : first + at_once], latents[first : first + at_once])
            for first in range(0, len(crops), at_once)
        ]
        return np.concatenate(parts)

    def _run(self, crops: NDArray[np.uint8], latents: Latents) -> NDArray[np.float64]:
        most, columns = self._grid
        rows = most if self._fixed else -(-len(crops) // columns)
        filled = np.arange(rows * columns) % len(crops)  # cells that are left over repeat
        image: Pixels = _side_by_side(crops[filled], columns)
        plain = np.broadcast_to(
            latents[filled, None, None, :], (len(filled), self._cell, self._cell, latents.shape[1])
        )
        inputs = {
            self._image.name: pixels_to_tensor(image, self._image),
            self._degradation.name: vector_to_tensor(_side_by_side(plain, columns), self._degradation),
        }
        delta = tensor_to_vector(self._session.run(inputs)[self._delta.name], self._delta)
        cells = delta.reshape(rows, self._cell, columns, self._cell, -1)[:, MARGIN:-MARGIN, :, MARGIN:-MARGIN]
        errors = np.square(255 * cells, dtype=np.float64).mean(axis=(1, 3, 4))
        return np.asarray(errors.ravel()[: len(crops)])


def _side_by_side(cells: NDArray[Any], columns: int) -> NDArray[Any]:
    """(N, S, S, C) to (N / columns * S, columns * S, C)."""
    count, side, _, channels = cells.shape
    grid = cells.reshape(count // columns, columns, side, side, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(grid).reshape(count // columns * side, columns * side, channels)
