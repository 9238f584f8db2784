"""Finds the kernel that made a photo small: many starts judged at once, the likeliest of them refined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nitido.blind.crops import cut, informative, mirrored
from nitido.blind.estimate import SEEN, UNSURE, Effort, KernelEstimate
from nitido.blind.judge import Judge, Latents
from nitido.blind.search import SHRINK, Points, descend
from nitido.blind.shape import Family, Kernel, KernelShape
from nitido.blind.space import starts
from nitido.bundle.manifest import BlindTask
from nitido.photo.model import Pixels
from nitido.runtime.session import Session
from nitido.tensors import check_pixels, tensor_to_vector, vector_to_tensor

_ODDS: dict[Family, float] = {"gaussian": 1.0, "bicubic": 1.0, "disc": 1.5, "box": 1.25}
"""By how much an error counts for more. A narrower disc explains a photo nearly as well as the Gaussian that
it was, and loses a decibel or two: where they tie, the commoner is taken."""


@dataclass(frozen=True, eq=False)
class KernelEstimator:
    """The search of one bundle, over its graphs ``kernel`` and ``judge``."""

    mapping: Session
    judge: Judge
    task: BlindTask
    candidates: tuple[KernelShape, ...] = ()
    """Where searches start, bicubic first; without any, those of ``space.starts``."""

    def latent(self, kernel: Kernel) -> Latents:
        """A kernel as the networks take it."""
        (rows,), (output,) = self.mapping.build.inputs, self.mapping.build.outputs
        found = self.mapping.run({rows.name: vector_to_tensor(kernel.ravel(), rows)})
        return tensor_to_vector(found[output.name], output)

    def __call__(self, pixels: Pixels, effort: Effort | None = None) -> KernelEstimate:
        """Estimate on the photo's most informative crops; bicubic where the photo cannot tell."""
        effort = effort or Effort()
        check_pixels(pixels)
        cell = self.task.cell
        if min(pixels.shape[:2]) < cell // 2:
            note = f"smaller than {cell // 2} pixels, too small to tell its kernel: bicubic is assumed"
            return self._assumed(0.0, 0.0, 0, note)
        pixels = mirrored(pixels, cell)
        crops = cut(pixels, informative(pixels, cell, effort.crops), cell)
        shapes = list(self.candidates) or starts(self.task.scale)
        first = self._score_shapes(crops, shapes)
        shape, after, rounds, tried = self._refined(crops, shapes, first, effort)
        before, typical = float(first[0]) ** 0.5, float(np.median(first)) ** 0.5
        confidence = max(0.0, (typical - after) / (typical + SEEN))
        judged = len(shapes) + tried
        if confidence < UNSURE:
            note = "all kernels lead to much the same result on this photo: bicubic is assumed"
            return self._assumed(before, confidence, judged, note)
        if before - after < SEEN:  # too little to leave the kernel that most small photos were made with
            shape, after = shapes[0], before
        kernel = shape.kernel(self.task.scale)
        latent = self.latent(kernel)
        return KernelEstimate(
            self.task.scale, shape, kernel, latent, before, after, rounds, confidence, judged
        )

    def _refined(
        self, crops: NDArray[np.uint8], shapes: list[KernelShape], scores: NDArray[np.float64], effort: Effort
    ) -> tuple[KernelShape, float, int, int]:
        """The likeliest starts for one round, then the best alone; its error, rounds, kernels tried."""
        kept = _apart(shapes, scores * _unlikely(shape.family for shape in shapes), effort.kept)
        enough = effort.enough**2
        if effort.rounds == 0 or scores[kept[0]] <= enough:
            return shapes[kept[0]], float(scores[kept[0]]) ** 0.5, 0, 0
        families = [shapes[index].family for index in kept]
        points = np.array([shapes[index].coordinates for index in kept])
        several = descend(partial(self.score, crops[None], families), points, scores[kept], 1, effort.step)
        best = [int((several.scores * _unlikely(families)).argmin())]
        family = families[best[0]]
        one = descend(
            partial(self.score, crops[None], [family]),
            several.points[best],
            several.scores[best],
            effort.rounds - 1,
            SHRINK * effort.step,
            enough,
        )
        each = 2 * points.shape[1] + 1
        tried = each * (len(kept) * several.rounds + one.rounds)
        shape = self._shape(family, one.points[0])
        return shape, float(one.scores[0]) ** 0.5, several.rounds + one.rounds, tried

    def score(self, crops: NDArray[np.uint8], families: list[Family], points: Points) -> NDArray[np.float64]:
        """(M, R, 3) coordinates to the (M, R) square errors that are predicted for them.

        ``crops`` are (R, C, cell, cell, 3), C for each of R searches; (1, C, ...) are shared by all.
        """
        latents = np.stack(
            [
                [
                    self.latent(self._shape(family, place).kernel(self.task.scale))
                    for family, place in zip(families, row, strict=True)
                ]
                for row in points
            ]
        )
        return self.errors(crops, latents)

    def _score_shapes(self, crops: NDArray[np.uint8], shapes: list[KernelShape]) -> NDArray[np.float64]:
        latents = np.stack([self.latent(shape.kernel(self.task.scale)) for shape in shapes])
        return self.errors(crops[None], latents[:, None])[:, 0]

    def errors(self, crops: NDArray[np.uint8], latents: Latents) -> NDArray[np.float64]:
        """(R or 1, C, ...) crops under (M, R, latent) latents to the (M, R) means of what is predicted.

        They are geometric: each crop counts alike, by how many times less is wrong under another kernel.
        """
        (many, searches), each = latents.shape[:2], crops.shape[1]
        jobs = np.broadcast_to(crops, (many, searches, *crops.shape[1:])).reshape(-1, *crops.shape[2:])
        under = np.repeat(latents.reshape(many * searches, -1), each, axis=0)
        found = self.judge(jobs, under).reshape(many, searches, each)
        seen = SEEN**2  # below it, crops differ by nothing that anybody sees
        return np.asarray(np.exp(np.log(found + seen).mean(axis=2)) - seen)

    def _shape(self, family: Family, place: NDArray[np.float64]) -> KernelShape:
        middle, along, across = (float(value) for value in place)
        return KernelShape.at(family, (middle, along, across), self.task.scale)

    def _assumed(self, before: float, confidence: float, judged: int, note: str) -> KernelEstimate:
        scale = self.task.scale
        shape = KernelShape.bicubic(scale)
        kernel = shape.kernel(scale)
        return KernelEstimate(
            scale, shape, kernel, self.latent(kernel), before, before, 0, confidence, judged, note
        )


def _unlikely(families: Iterable[Family]) -> NDArray[np.float64]:
    """What mean square errors are multiplied by, to compare families."""
    return np.array([_ODDS[family] ** 2 for family in families])


def _apart(shapes: list[KernelShape], scores: NDArray[np.float64], count: int) -> list[int]:
    """The best starts, best first, no two of one family and nearly one place."""
    chosen: list[int] = []
    for index in map(int, np.argsort(scores, kind="stable")):
        near = [
            shapes[other].family == shapes[index].family
            and np.abs(np.subtract(shapes[other].coordinates, shapes[index].coordinates)).max() < 0.4
            for other in chosen
        ]
        if not any(near):
            chosen.append(index)
        if len(chosen) == count:
            break
    return chosen
