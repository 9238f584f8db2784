"""Labelled photos as a trigger learns from them: views go in, gains come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

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
_JOINT_WEIGHT = 2.0
"""The decision hangs on the joint gain."""


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


def look_at(samples: Iterable[Sample], folder: Path, view: View) -> Iterator[Seen]:
    """What the trigger gets of each sample, made again from the folder of photos."""
    return (look(pixels_of(sample, folder), view) for sample in samples)


def batches(
    samples: Sequence[Sample], targets: Gains, folder: Path, view: View, size: int, seed: int
) -> Iterator[Batch]:
    """Endless batches of random samples, looked at as the runtime does, and turned or mirrored.

    What was seen is kept while memory set aside for it lasts: making a sample again costs as much as a step.
    """
    rng = np.random.default_rng(seed)
    kept: dict[int, Seen] = {}

    def seen(index: int) -> Seen:
        if index in kept:
            return kept[index]
        found = look(pixels_of(samples[index], folder), view)
        if len(kept) * found[0].nbytes < _KEPT_BYTES:
            kept[index] = found
        return found

    while True:
        chosen = rng.integers(len(samples), size=size)
        images, cues = zip(*map(seen, chosen.tolist()), strict=True)
        turned = [data.random_symmetry(image, int(rng.integers(8))) for image in images]
        yield to_tensor(turned), torch.from_numpy(np.stack(cues)), torch.from_numpy(targets[chosen])


def gain_loss(net: TriggerNet, batch: Batch) -> Tensor:
    """Huber loss of all outputs."""
    images, cues, gains = batch
    errors = F.smooth_l1_loss(net(images, cues).float(), gains, beta=0.25, reduction="none").mean(0)
    return (errors * torch.tensor([_JOINT_WEIGHT] + [1.0] * (len(OUTPUTS) - 1))).mean()


def predict(net: TriggerNet, seen: Iterable[Seen]) -> Gains:
    """Predicted gains, in full precision as on a device."""
    with torch.inference_mode():
        return np.concatenate([net(*tensors(one)).numpy() for one in seen])


def tensors(seen: Seen) -> tuple[Tensor, Tensor]:
    """The network's inputs for one photo, a batch of 1."""
    image, cues = seen
    return to_tensor([image]), torch.from_numpy(cues)[None]
