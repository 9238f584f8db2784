"""Runs the graphs of bundles: one module per runtime, each imported when a bundle first asks for it."""

from __future__ import annotations

from nitido.runtime.opening import open_session
from nitido.runtime.placement import Attempt, Placement
from nitido.runtime.session import RuntimeInfo, Session, Tensors
from nitido.runtime.ways import BACKENDS, DEVICES

__all__ = [
    "BACKENDS",
    "DEVICES",
    "Attempt",
    "Placement",
    "RuntimeInfo",
    "Session",
    "Tensors",
    "open_session",
]
