"""The trigger network: MobileNetV2 cut at layer 16, a small head that predicts quality gains (source: T5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido.bundle.manifest import View
from nitido.cues import CUES
from nitido_train.degrade import GAINS
from nitido_train.nets.mobilenet import MobileNetV2

OUTPUTS = GAINS
"""What the six outputs predict."""

VIEWS = {
    "crops": View(size=448, crop=224, count=4),
    "whole": View(size=448, crop=448, count=0, whole=1),
    "both": View(size=448, crop=224, count=3, whole=1),
}
"""Ways to fill the network's 448 x 448 input: native-size crops, the photo made small, or some of each."""
VIEW = VIEWS["crops"]
"""What a trigger is trained with unless its recipe is told otherwise."""


@dataclass(frozen=True)
class TriggerConfig:
    """Size of the network; its last layer stays below 120 parameters: ratings can fine-tune it (T6)."""

    mixed: int = 64
    """Units that see the image's features and the cues together."""
    hidden: int = 16
    width: float = 1.0
    """MobileNetV2's width multiplier."""


class TriggerNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] and cues (N, 5) to gains (N, 6) in points of quality, see OUTPUTS."""

    def __init__(self, config: TriggerConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = MobileNetV2(width=config.width)
        self.mixed = nn.Linear(self.trunk.channels + len(CUES), config.mixed)
        self.hidden = nn.Linear(config.mixed, config.hidden)
        self.last = nn.Linear(config.hidden, len(OUTPUTS))
        nn.init.normal_(self.last.weight, std=0.1)
        nn.init.zeros_(self.last.bias)

    def layers(self) -> list[nn.Conv2d | nn.Linear]:
        """All layers but the last, in the order of the signal."""
        convolutions = [m for m in self.modules() if isinstance(m, nn.Conv2d)]
        return [*convolutions, self.mixed, self.hidden]

    def describe(self, image: Tensor, cues: Tensor) -> Tensor:
        """(N, hidden): what the last layer sees of a photo."""
        together = torch.cat([self.trunk(image).mean((2, 3)), cues], 1)
        return F.relu(self.hidden(F.relu(self.mixed(together))))

    def forward(self, image: Tensor, cues: Tensor) -> Tensor:
        """Predict the gains."""
        gains: Tensor = self.last(self.describe(image, cues))
        return gains
