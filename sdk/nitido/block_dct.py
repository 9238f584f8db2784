"""The cosine transform of the 8 x 8 blocks of a plane, as JPEG uses it."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

BLOCK = 8


def forward(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine coefficients of each block, in its place; sides are multiples of 8."""
    return _separable(plane, _cosines())


def backward(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The plane whose coefficients these are: the inverse of ``forward``."""
    return _separable(plane, _cosines().T)


def _separable(plane: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    rows = (plane.reshape(-1, BLOCK) @ matrix.T).reshape(height // BLOCK, BLOCK, width)
    result: NDArray[np.float32] = np.matmul(matrix, rows).reshape(height, width)
    return result


@cache
def _cosines() -> NDArray[np.float32]:
    """The orthonormal DCT-II of length 8, frequency by place."""
    k = np.arange(BLOCK)
    matrix = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * BLOCK)) / 2
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)
