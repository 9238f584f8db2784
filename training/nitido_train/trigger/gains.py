"""Labelled photos as a trigger learns from them: views go in, gains come out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nitido.blur_estimator import BlurEstimator
from nitido.bundle.manifest import View
from nitido.cues import look
from nitido.photo.model import Pixels
from nitido_train import data
from nitido_train.errors import TrainingDataError
from nitido_train.label import Labels, Sample, pixels_of
from nitido_train.nets.trigger import OUTPUTS, TriggerNet
from nitido_train.tensors import to_tensor

Seen = tuple[Pixels, NDArray[np.float32]]
"""What a trigger gets of a photo: its view and the cues, see ``nitido.cues``."""
Batch = tuple[Tensor, Tensor, Tensor]
"""Views, cues and gains."""
Gains = NDArray[np.float32]
"""(N, 6): change of quality per output, see OUTPUTS."""

_SMALLEST_SPREAD = 0.02
"""Points of quality; gains that vary less are noise."""
_KEPT_BYTES = 4 << 30
_AHEAD = 64
"""Looks that are made ahead."""
_JOINT_WEIGHT = 2.0
"""The decision hangs on the joint gain."""
_RANK_WEIGHT = 0.3
_RANK_UNIT = 0.1
"""Distance of two predictions, in an output's spread, from which their order is settled."""


def split(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """(training, validation) samples, by the hold-out of ``data``, which goes by the photo's name.

    Raises TrainingDataError when one of them is empty or has equal joint gains only: then there is nothing to
    learn, and a correlation is undefined.
    """
    held_out = [s for s in samples if data.is_held_out(Path(s.photo))]
    training = [s for s in samples if not data.is_held_out(Path(s.photo))]
    for name, part in (("training", training), ("held-out", held_out)):
        if not part:
            raise TrainingDataError(
                f"expected labels of training and of held-out photos, got no {name} ones in {len(samples)}; "
                "label all photos (--split all), and more of them"
            )
        joint = true_gains(part)[:, 0]
        if np.ptp(joint) == 0:
            raise TrainingDataError(
                f"expected gains that differ, got {joint[0]:.3g} for all {len(part)} {name} samples; "
                "label degraded and clean photos, with an enhancer that changes them"
            )
    return training, held_out


def true_gains(samples: Sequence[Sample]) -> Gains:
    """What the labels say, in the order of OUTPUTS."""
    return np.array([[s.gains[name] for name in OUTPUTS] for s in samples], np.float32)


def spreads(gains: Gains) -> Gains:
    """(6,) standard deviation of each output: what a training measures its errors in.

    Else it would learn only what gains whole points, and nothing of highlights. The network then predicts in
    these units, until ``validation.conclude`` folds points of quality into its last layer.
    """
    found: Gains = np.maximum(gains.std(0), _SMALLEST_SPREAD)
    return found


def history(labels: Labels) -> dict[str, Any]:
    """What provenance says of labels: the enhancer that the trigger belongs to, and what they are."""
    return {
        "enhancers": {"restore": labels.ids.enhancer, "upscale": labels.ids.upscaler},
        "labels": {**labels.header.description, "content_hash": labels.header.content_hash},
    }


class Looks(Sequence[Seen]):
    """What the trigger gets of each sample, made again from the folder of photos when it is asked for.

    Making one costs as much as learning from it, so looks are kept while memory set aside for them lasts.
    """

    def __init__(
        self, samples: Sequence[Sample], folder: Path, view: View, estimator: BlurEstimator | None
    ) -> None:
        self._samples, self._folder, self._view, self._estimator = samples, folder, view, estimator
        self._kept: dict[int, Seen] = {}

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[Seen]:
        """All in order, made by a thread per core ahead of who takes them."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(self), _AHEAD):
                yield from pool.map(self.__getitem__, range(start, min(start + _AHEAD, len(self))))

    def __getitem__(self, index: int) -> Seen:  # type: ignore[override]  # no slices
        if index in self._kept:
            return self._kept[index]
        seen = look(pixels_of(self._samples[index], self._folder), self._view, self._estimator)
        if len(self._kept) * seen[0].nbytes < _KEPT_BYTES:
            self._kept[index] = seen
        return seen


def batches(looks: Sequence[Seen], targets: Gains, size: int, seed: int) -> Iterator[Batch]:
    """Endless batches of random looks, turned or mirrored, and what their samples gain."""
    rng = np.random.default_rng(seed)
    while True:
        chosen = rng.integers(len(looks), size=size)
        images, cues = zip(*(looks[index] for index in chosen.tolist()), strict=True)
        turned = [data.random_symmetry(image, int(rng.integers(8))) for image in images]
        yield to_tensor(turned), torch.from_numpy(np.stack(cues)), torch.from_numpy(targets[chosen])


def gain_loss(net: TriggerNet, batch: Batch) -> Tensor:
    """``loss_of`` what the network predicts."""
    images, cues, gains = batch
    return loss_of(net(images, cues).float(), gains)


def loss_of(guess: Tensor, gains: Tensor) -> Tensor:
    """Huber loss of all outputs (N, 6), and a little for pairs in the wrong order."""
    weights = torch.tensor([_JOINT_WEIGHT] + [1.0] * (len(OUTPUTS) - 1))
    errors = F.smooth_l1_loss(guess, gains, beta=0.25, reduction="none").mean(0)
    return ((errors + _RANK_WEIGHT * rank_losses(guess, gains)) * weights).mean()


def rank_losses(guess: Tensor, gains: Tensor) -> Tensor:
    """(6,): how far pairs of a batch are from their order (RankNet, Burges et al. 2005), per output.

    A pair counts by how many others lie between its two, as in Spearman's correlation: most photos gain
    little from a factor, and differences among them would not count in an error of gains.
    """
    place = gains.argsort(0).argsort(0).float() / len(gains)
    apart = (place[:, None] - place[None]).abs()
    order = torch.sign(gains[:, None] - gains[None])  # 0 for equal gains
    wrong = F.softplus(-order * (guess[:, None] - guess[None]) / _RANK_UNIT) * _RANK_UNIT * order.abs()
    return (apart * wrong).mean((0, 1))


def predict(net: TriggerNet, seen: Iterable[Seen]) -> Gains:
    """Predicted gains, in full precision as on a device."""
    with torch.inference_mode():
        return np.concatenate([net(*tensors(one)).numpy() for one in seen])


def tensors(seen: Seen) -> tuple[Tensor, Tensor]:
    """The network's inputs for one photo, a batch of 1."""
    image, cues = seen
    return to_tensor([image]), torch.from_numpy(cues)[None]
