"""The size that an enlarged photo is to have, and the networks that it takes to get there."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations_with_replacement

from nitido.errors import InvalidOption, PhotoUnsupported

LARGEST_SCALE = 16
"""What two networks that enlarge four times each reach; detail invented twice is worth little as it is."""


@dataclass(frozen=True)
class Size:
    """The size asked for, by exactly one of these. Proportions always stay."""

    scale: float | None = None
    """So many times as wide and high; any real number from 1 to 16."""
    to: tuple[int, int] | None = None
    """As large as fits into this width and height."""
    long_side: int | None = None
    """So many pixels along the longer side."""

    def __post_init__(self) -> None:
        """Raises InvalidOption."""
        given = [value for value in (self.scale, self.to, self.long_side) if value is not None]
        if len(given) != 1:
            raise InvalidOption(
                f"expected one of scale, to and long_side, got {len(given)} of them; give one"
            )
        if self.scale is not None and not 1 <= self.scale <= LARGEST_SCALE:
            raise InvalidOption(
                f"expected a scale from 1 to {LARGEST_SCALE}, got {self.scale}; "
                f"photos are only enlarged, and at most {LARGEST_SCALE} times"
            )
        if self.scale is None and any(side < 1 for side in self._box):
            raise InvalidOption(f"expected sides of 1 pixel or more, got {given[0]}; give a larger size")

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the result, each rounded; one is exactly as asked for with to and long_side."""
        if self.scale is not None:
            return _rounded(height * self.scale), _rounded(width * self.scale)
        wide, tall = self._box
        # Compared and divided as whole numbers, so that a side that is to be exact is.
        if wide * height <= tall * width:
            return max(1, (2 * height * wide + width) // (2 * width)), wide
        return tall, max(1, (2 * width * tall + height) // (2 * height))

    @property
    def _box(self) -> tuple[int, int]:
        return self.to if self.to is not None else (self.long_side or 0, self.long_side or 0)


def passes(shape: tuple[int, int], target: tuple[int, int], scales: Collection[int]) -> tuple[int, ...]:
    """The scales of the networks to apply, in their order: one, or two where none alone is enough.

    Those whose product is the smallest that reaches the target; what is too much is for a resample to take
    away. The smaller comes first, since the second works on a larger photo. Raises InvalidOption for a target
    that is smaller than the photo, PhotoUnsupported for one that no two networks reach.
    """
    (height, width), (tall, wide) = shape, target
    if tall < height or wide < width:
        raise InvalidOption(
            f"expected a size of at least the photo's {width}x{height}, got {wide}x{tall}; "
            f"photos are only enlarged here: nitido.Downscaler (nitido share) makes them small"
        )
    needed = max(math.ceil(tall / height), math.ceil(wide / width))
    if needed == 1:
        return ()
    chains = [chain for count in (1, 2) for chain in combinations_with_replacement(sorted(scales), count)]
    enough = [chain for chain in chains if math.prod(chain) >= needed]
    if not enough:
        most = max(math.prod(chain) for chain in chains)
        raise PhotoUnsupported(
            f"expected to enlarge at most {most} times, got {width}x{height} to become {wide}x{tall}; "
            f"ask for a smaller size"
        )
    return min(enough, key=math.prod)


def _rounded(side: float) -> int:
    return math.floor(side + 0.5)
