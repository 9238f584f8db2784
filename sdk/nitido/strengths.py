"""How far a restorer's knobs are turned: what the trigger found, times what the caller asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nitido.errors import InvalidOption

if TYPE_CHECKING:
    from nitido.restorer import Strength

Told = float | dict[str, float]
"""What a restorer is told: one number for all its factors, or one for each of some."""


def combine(found: Mapping[str, float], asked: Strength) -> Told:
    """The strengths that the trigger found (0 to 1), scaled by those asked for.

    Where it found none, what was asked for applies as it is. Raises InvalidOption for numbers outside 0 to 1;
    names are kept, so that a restorer can refuse those that it does not know.
    """
    values = list(asked.values()) if isinstance(asked, Mapping) else [asked]
    if not all(0 <= value <= 1 for value in values):
        raise InvalidOption(f"expected strengths from 0 to 1, got {asked}; 1 is all that can be removed")
    if not any(found.values()):
        return dict(asked) if isinstance(asked, Mapping) else float(asked)
    if isinstance(asked, Mapping):
        return {name: found.get(name, 0.0) * asked.get(name, 0.0) for name in {**found, **asked}}
    return {name: value * asked for name, value in found.items()}


def is_nothing(strength: Told) -> bool:
    """Whether no factor would be touched."""
    return not (any(strength.values()) if isinstance(strength, dict) else strength)


def in_words(strength: Told) -> str:
    """For people: ``denoise, deblur at 0.5``."""
    if not isinstance(strength, dict):
        return _at("all factors", strength)
    return ", ".join(_at(name, value) for name, value in strength.items() if value) or "no factor"


def _at(name: str, value: float) -> str:
    return name if value == 1 else f"{name} at {value:.2g}"
