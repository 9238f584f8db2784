"""Errors of training data: labels, ratings and opinions that cannot be learned from."""

from __future__ import annotations

from nitido.errors import NitidoError


class TrainingDataError(NitidoError, ValueError):
    """Labels, ratings or opinions are not what a recipe can learn from; nothing was trained."""
