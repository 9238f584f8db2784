"""A head learns what the trunk sees and the cues say, and leaves the trunk as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from nitido.bundle.manifest import View
from nitido_train.label import Labels
from nitido_train.nets.trigger import TriggerConfig, TriggerNet
from nitido_train.trigger.gains import Looks, predict, true_gains
from nitido_train.trigger.head import HeadConfig, fit_head


def test_a_head_learns_noise_from_cues_though_its_trunk_knows_nothing(
    labels: Labels, noisy_photos: Path
) -> None:
    torch.manual_seed(0)
    net = TriggerNet(TriggerConfig(mixed=32, hidden=8, width=0.1)).eval().requires_grad_(False)
    trunk = {name: tensor.clone() for name, tensor in net.trunk.state_dict().items()}
    looks = Looks(labels.samples, noisy_photos, View(size=32, crop=16, count=4), None)
    truth = true_gains(labels.samples)
    before = np.abs(predict(net, looks) - truth)[:, 2].mean()
    fit_head(net, looks, truth, HeadConfig(steps=300, batch=64), seed=0)
    after = np.abs(predict(net, looks) - truth)[:, 2].mean()
    assert after < before / 3
    assert all(torch.equal(trunk[name], tensor) for name, tensor in net.trunk.state_dict().items())
