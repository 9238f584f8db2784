"""Tells cuts: frames that show something else than the one before, so that nothing of it is of use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nitido.clips.planes import Plane

_SAMPLES = 32
"""Cells each way that a frame is averaged to."""
_LEVELS = 18.0
"""Grey levels by which a cut moves the cells on average, at least."""
_TIMES = 3.0
"""How many times more than the frames before a cut must move them."""
_PACE = 0.2
"""Weight of the latest frame in what is usual."""


class SceneCuts:
    """Callable on luma, frame after frame; True for the first frame of another scene."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._usual = 0.0

    def __call__(self, luma: Plane) -> bool:
        """Compare with the frame before; the first one is no cut."""
        cells = _cells(luma)
        last, self._last = self._last, cells
        if last is None:
            return False
        moved = float(np.abs(cells - last).mean())
        cut = moved > max(_LEVELS, _TIMES * self._usual)
        self._usual = 0.0 if cut else self._usual + _PACE * (moved - self._usual)
        return cut

    def reset(self) -> None:
        """Forget the frame before."""
        self._last, self._usual = None, 0.0


def _cells(luma: Plane) -> NDArray[np.float32]:
    """Means of a sample of each cell's pixels: a sixteenth of them, or all of a small frame."""
    step = 1 if min(luma.shape) < 4 * _SAMPLES else 4
    thin = luma[::step, ::step]
    rows = np.linspace(0, thin.shape[0], min(_SAMPLES, thin.shape[0]) + 1).astype(int)[:-1]
    columns = np.linspace(0, thin.shape[1], min(_SAMPLES, thin.shape[1]) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(thin.astype(np.float32), rows, 0), columns, 1)
    counts = np.outer(np.diff([*rows, thin.shape[0]]), np.diff([*columns, thin.shape[1]]))
    means: NDArray[np.float32] = (sums / counts).astype(np.float32)
    return means
