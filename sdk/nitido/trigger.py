"""Predict how much a photo would gain from enhancement, and from what, without enhancing it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike

from nitido.blur_estimator import BlurEstimator
from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import TriggerTask
from nitido.cues import look
from nitido.photo.model import Pixels
from nitido.runtime import open_session
from nitido.runtime.session import RuntimeInfo, Session
from nitido.tensors import pixels_to_tensor, tensor_to_vector, vector_to_tensor

UPSCALE = "upscale"
"""The factor that an upscaler improves; all others are a restorer's."""


@dataclass(frozen=True)
class Improvability:
    """How much a photo would gain, as a change of quality on a scale of 1 to 10; below zero it would lose."""

    score: float
    """Gain with all factors removed together."""
    factors: dict[str, float]
    """Gain with one factor removed: deblur, denoise, deartifact, desaturate, upscale."""
    recommended: bool
    """True when ``score`` reaches the trigger's threshold."""
    strengths: dict[str, float] = field(default_factory=dict)
    """Knobs of the restorer, by factor: 1 where the gain reaches its threshold, else 0; empty: not known."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """The gain of each factor from which removing it is worth it; empty: not known."""

    @classmethod
    def judged(
        cls, score: float, factors: dict[str, float], recommended: bool, thresholds: Mapping[str, float]
    ) -> Improvability:
        """With the strengths that follow: more pixels are no knob of a restorer, so ``upscale`` has none."""
        found = cls(score, factors, recommended, thresholds=dict(thresholds))
        strengths = {name: float(name in found.crossed) for name in thresholds if name != UPSCALE}
        return replace(found, strengths=strengths)

    @property
    def crossed(self) -> tuple[str, ...]:
        """Factors whose gain reaches their threshold, largest gain first; ``upscale`` may be among them."""
        worth = [name for name, line in self.thresholds.items() if self.factors.get(name, -math.inf) >= line]
        return tuple(sorted(worth, key=lambda name: -self.factors[name]))


class Trigger:
    """Callable on pixels; belongs to the one enhancer that its training labels were made with."""

    def __init__(
        self,
        session: Session,
        task: TriggerTask,
        id: str = "",  # noqa: A002
        estimator: BlurEstimator | None = None,
    ) -> None:
        """``estimator`` is what ``task.blur`` asks for."""
        self.task = task
        self.id = id
        """``Manifest.id`` of the bundle: an index of scores is keyed by it."""
        self._session = session
        self._estimator = estimator

    @classmethod
    def open(
        cls,
        bundle: str | PathLike[str] = "trigger",
        *,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Trigger:
        """Open a bundle of the zoo by name, or a folder."""
        opened = Bundle.open(bundle)
        task = opened.task(TriggerTask)
        session = open_session(opened, runtime=runtime, device=device, threads=threads)
        estimator = None
        if task.blur is not None:
            estimator = BlurEstimator.open(opened, task.blur, runtime=runtime, device=device, threads=threads)
        return cls(session, task, opened.manifest.id, estimator)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._session.info

    @property
    def threshold(self) -> float:
        """The score from which enhancement is recommended."""
        return self.task.threshold

    @property
    def thresholds(self) -> dict[str, float]:
        """The gain of each factor from which removing it is worth it."""
        return {name: self.task.thresholds[name] for name in self.task.factors}

    @property
    def at_least(self) -> tuple[int, int] | None:
        """How small ``read_photo`` may make a photo for this trigger; None when it needs native size."""
        view = self.task.view
        if view.count:
            return None
        # A large photo must still be known as one; twice the cell, so that shrinking to it smooths.
        return max(2 * view.crop, self.task.upscale_below + 1), 2 * view.crop

    @property
    def enhancer_id(self) -> str:
        """``Manifest.id`` of the enhancer that the labels were made with."""
        return self.task.enhancer

    def __call__(self, pixels: Pixels) -> Improvability:
        """Assess a photo of any size; only a few native-size crops are looked at."""
        (image, cues), (output,) = self._session.build.inputs, self._session.build.outputs
        seen, measured = look(pixels, self.task.view, self._estimator)
        inputs = {image.name: pixels_to_tensor(seen, image), cues.name: vector_to_tensor(measured, cues)}
        values = tensor_to_vector(self._session.run(inputs)[output.name], output)
        score, *gains = (float(value) for value in values)
        factors = dict(zip(self.task.factors, gains, strict=True))
        if max(pixels.shape[:2]) > self.task.upscale_below:
            factors[UPSCALE] = 0.0  # it has more pixels than a phone's screen already
        return Improvability.judged(score, factors, score >= self.threshold, self.thresholds)
