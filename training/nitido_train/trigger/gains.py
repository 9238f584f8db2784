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
from nitido.photo.model import Pixels
from nitido.view import mosaic
from nitido_train import data
from nitido_train.errors import TrainingDataError
from nitido_train.label import Labels, Sample, pixels_of
from nitido_train.nets.trigger import OUTPUTS, TriggerNet
from nitido_train.tensors import to_tensor

Gains = NDArray[np.float32]
"""(N, 6): change of quality per output, see OUTPUTS."""

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


def history(labels: Labels) -> dict[str, Any]:
    """What provenance says of labels: the enhancer that the trigger belongs to, and what they are."""
    return {
        "enhancers": {"restore": labels.ids.enhancer, "upscale": labels.ids.upscaler},
        "labels": {**labels.header.description, "content_hash": labels.header.content_hash},
    }


def look(samples: Iterable[Sample], folder: Path, view: View) -> Iterator[Pixels]:
    """What the trigger sees of each sample, made again from the folder of photos."""
    return (mosaic(pixels_of(sample, folder), view) for sample in samples)


def batches(
    samples: Sequence[Sample], targets: Gains, folder: Path, view: View, size: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (views, targets) of random samples, looked at as the runtime does, and turned or mirrored."""
    rng = np.random.default_rng(seed)
    while True:
        chosen = rng.integers(len(samples), size=size)
        seen = look((samples[i] for i in chosen), folder, view)
        images = [data.random_symmetry(image, int(rng.integers(8))) for image in seen]
        yield to_tensor(images), torch.from_numpy(targets[chosen])


def gain_loss(net: TriggerNet, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Huber loss of all outputs."""
    errors = F.smooth_l1_loss(net(batch[0]).float(), batch[1], beta=0.25, reduction="none").mean(0)
    return (errors * torch.tensor([_JOINT_WEIGHT] + [1.0] * (len(OUTPUTS) - 1))).mean()


def predict(net: TriggerNet, images: Iterable[Pixels]) -> Gains:
    """Predicted gains of views, in full precision as on a device."""
    with torch.inference_mode():
        return np.concatenate([net(to_tensor([image])).numpy() for image in images])
