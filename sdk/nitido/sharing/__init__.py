"""Sharing: makes photos and frames small so that, compressed and enlarged again, they look best."""

from __future__ import annotations

from nitido.sharing.downscaler import Downscaler, Receiver

__all__ = ["Downscaler", "Receiver"]
