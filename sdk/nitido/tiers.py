"""Which upscaling networks the zoo has: every scale in tiers of cost, and sharper variants of them."""

from __future__ import annotations

from nitido import zoo
from nitido.errors import BundleNotFound, InvalidOption

SCALES = (2, 3, 4)
TIERS = ("fast", "base", "quality")


def bundle_name(scale: int, tier: str = "base", sharp: bool = False) -> str:
    """``sr-x2`` of tier base, else ``sr-x2-fast``; ``-sharp`` at its end prefers crispness to fidelity.

    Raises InvalidOption.
    """
    if scale not in SCALES:
        raise InvalidOption(f"expected a scale of 2, 3 or 4, got {scale!r}; choose one of those")
    if tier not in TIERS:
        raise InvalidOption(f"expected a tier among {', '.join(TIERS)}, got {tier!r}; choose one of those")
    return f"sr-x{scale}" + ("" if tier == "base" else f"-{tier}") + ("-sharp" if sharp else "")


def installed(tier: str = "base", sharp: bool = False) -> dict[int, str]:
    """Names of the tier's networks in the zoo by their scale. Raises BundleNotFound where there is none."""
    names = {scale: bundle_name(scale, tier, sharp) for scale in SCALES}
    found = {scale: name for scale, name in names.items() if name in zoo.names()}
    if not found:
        raise missing(f"any of {', '.join(names.values())}")
    return found


def missing(wanted: str) -> BundleNotFound:
    """What to raise for a network that the zoo does not have."""
    have = [name for name in zoo.names() if name.startswith("sr-x")]
    return BundleNotFound(
        f"expected {wanted} in the zoo; for upscaling the zoo has: {', '.join(have) or 'none'}; "
        f"choose another tier, or open a bundle by its folder"
    )
