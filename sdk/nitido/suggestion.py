"""What to do about a photo: alert, recommend or enhance by itself, by how much it would gain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nitido.errors import InvalidOption

if TYPE_CHECKING:
    from nitido.trigger import Improvability

Action = Literal["alert", "recommend", "automatic"]
"""Tell that a photo could be better; ask whether to enhance it; enhance it without asking."""

_DEFECTS = {
    "deblur": "blurred",
    "denoise": "noisy",
    "deartifact": "compressed",
    "desaturate": "blown highlights",
    "upscale": "few pixels",
}
"""What is wrong with a photo that gains from a factor, in words for people."""


def in_words(factor: str, gain: float) -> str:
    """A reason to remove a factor, for people: ``noisy: +0.8``."""
    return f"{_DEFECTS.get(factor, factor)}: {gain:+.1f}"


@dataclass(frozen=True)
class Policy:
    """The scores from which each action is taken; one that equals the next is never taken."""

    alert: float
    recommend: float
    automatic: float

    def __post_init__(self) -> None:
        """Raises InvalidOption unless they ascend."""
        if not self.alert <= self.recommend <= self.automatic:
            raise InvalidOption(
                f"expected alert <= recommend <= automatic, got {self.alert}, {self.recommend}, "
                f"{self.automatic}; put them in this order"
            )

    @classmethod
    def of(cls, trigger: object) -> Policy:
        """Alert from the trigger's ``threshold`` on, recommend from twice and automatic from four times that.

        From the threshold on a gain is likely; people are asked for one that they will see, and nobody is
        asked for a large one. A trigger without a threshold (a plain function) is taken at its word: all that
        it recommends is recommended.
        """
        threshold: float | None = getattr(trigger, "threshold", None)
        if threshold is None:
            return cls(-math.inf, -math.inf, math.inf)
        return cls(threshold, max(threshold, 2 * threshold), max(threshold, 4 * threshold))

    def action(self, score: float) -> Action | None:
        """The strongest action that the score reaches."""
        if score >= self.automatic:
            return "automatic"
        if score >= self.recommend:
            return "recommend"
        return "alert" if score >= self.alert else None


@dataclass(frozen=True)
class Suggestion:
    """A photo, what enhancing it would bring, and what to do about it."""

    path: Path | None
    """None for a frame of a camera."""
    improvability: Improvability
    action: Action | None
    """None: leave the photo alone."""
    reason: str
    """For people: ``noisy: +0.8``."""

    @classmethod
    def of(cls, improvability: Improvability, policy: Policy, path: Path | None = None) -> Suggestion:
        """By the policy, which can only be stricter: what the trigger does not recommend is left alone."""
        action = policy.action(improvability.score) if improvability.recommended else None
        return cls(path, improvability, action, _reason(improvability))


def _reason(improvability: Improvability) -> str:
    if not improvability.recommended:
        return f"not worth it: {improvability.score:+.2f}"
    gains = improvability.factors
    told = [in_words(name, gains[name]) for name in improvability.crossed]
    return ", ".join(told) or f"a little of everything: {improvability.score:+.1f}"
