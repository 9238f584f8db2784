"""PyAV, imported when a clip is first opened."""

from __future__ import annotations

from types import ModuleType

from nitido.errors import RuntimeUnavailable


def pyav() -> ModuleType:
    """The package ``av``. Raises RuntimeUnavailable where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise RuntimeUnavailable(
            f"expected PyAV, which reads and writes clips, got: {error}; pip install 'nitido[video]'"
        ) from error
    return av
