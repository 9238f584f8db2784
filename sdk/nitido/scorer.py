"""Rate how good a photo looks, without a better one of it to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Protocol

import numpy as np

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import ScoreTask
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.view import answer

_RATINGS = np.arange(1, 11, dtype=np.float64)


@dataclass(frozen=True)
class Quality:
    """What people would say of a photo: ratings from 1 (unusable) to 10 (as good as can be)."""

    mean: float
    spread: float
    """Standard deviation of the ratings; 0 from a scorer that predicts one score and no distribution."""


class QualityScorer(Protocol):
    """Anything that rates photos: ``Scorer``, or a metric from elsewhere behind the same call."""

    @property
    def id(self) -> str:
        """Names what the ratings depend on, such as trained weights: other ratings, another id."""

    def __call__(self, pixels: Pixels) -> Quality:
        """Rate a photo of any size."""


class Scorer:
    """Callable on pixels; a ``QualityScorer`` that runs a bundle."""

    def __init__(self, session: Session, task: ScoreTask, id: str = "") -> None:  # noqa: A002
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle."""
        self._session = session

    @classmethod
    def open(
        cls,
        bundle: str | PathLike[str] = "scorer",
        *,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Scorer:
        """Open a bundle of the zoo by name, or a folder."""
        opened = Bundle.open(bundle)
        task = opened.task(ScoreTask)
        session = open_session(opened, runtime=runtime, device=device, threads=threads)
        return cls(session, task, opened.manifest.id)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._session.info

    def __call__(self, pixels: Pixels) -> Quality:
        """Rate a photo of any size, looked at as the task's view says."""
        values = answer(self._session, pixels, self.task.view)
        if self.task.output == "score":
            return Quality(float(np.clip(values[0], 1, 10)), 0.0)
        shares = values.astype(np.float64) / values.sum(dtype=np.float64)  # a quantised softmax sums to 0.99
        mean = float(shares @ _RATINGS)
        return Quality(mean, float(np.sqrt(shares @ (_RATINGS - mean) ** 2)))
