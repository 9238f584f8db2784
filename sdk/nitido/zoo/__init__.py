"""The trained bundles that ship with Nitido, by name."""

from __future__ import annotations

from pathlib import Path

from nitido.errors import BundleNotFound

_ROOT = Path(__file__).parent


def names() -> list[str]:
    """Names of the shipped bundles, sorted."""
    return sorted(manifest.parent.name for manifest in _ROOT.glob("*/manifest.json"))


def folder(name: str) -> Path:
    """Where a shipped bundle lies. Raises BundleNotFound."""
    if name not in names():
        raise BundleNotFound(
            f"expected the name of a bundle in the zoo, got '{name}'; it has: {', '.join(names()) or 'none'}"
        )
    return _ROOT / name
