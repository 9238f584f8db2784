"""The trigger network: MobileNetV2 cut at layer 16, a small head that predicts quality gains (source: T5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.blur_estimator import BlurEstimator
from nitido.bundle.manifest import View
from nitido.cues import BLUR_CUES, CUES
from nitido_train.degrade import GAINS
from nitido_train.nets.blur import SPACE, BlurConfig, BlurNet
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
    blur: int = 0
    """Hidden units of the estimator of blur that the trigger carries for its cues; 0: it has none."""

    @property
    def cues(self) -> int:
        """How many cues there are."""
        return len(CUES) + (len(BLUR_CUES) if self.blur else 0)


class TriggerNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] and cues (N, ...) to gains (N, 6) in points of quality, see OUTPUTS."""

    def __init__(self, config: TriggerConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = MobileNetV2(width=config.width)
        self.mixed = nn.Linear(self.trunk.channels + config.cues, config.mixed)
        self.hidden = nn.Linear(config.mixed, config.hidden)
        self.last = nn.Linear(config.hidden, len(OUTPUTS))
        nn.init.normal_(self.last.weight, std=0.1)
        nn.init.zeros_(self.last.bias)
        if config.blur:  # no part of the graph: it makes cues
            self.blur = BlurNet(BlurConfig(config.blur)).requires_grad_(False)

    @property
    def estimator(self) -> BlurEstimator | None:
        """Measures the cues of blur with the weights of now; None where the trigger has none."""
        if not self.config.blur:
            return None

        def network(features: NDArray[np.float32]) -> NDArray[np.float32]:
            with torch.inference_mode():
                found: NDArray[np.float32] = self.blur(torch.from_numpy(features)[None])[0].numpy()
            return found

        return BlurEstimator(network, SPACE)

    def layers(self) -> list[nn.Conv2d | nn.Linear]:
        """All layers but the last, in the order of the signal."""
        return [*(m for m in self.trunk.modules() if isinstance(m, nn.Conv2d)), *self.head()]

    def head(self) -> list[nn.Conv2d | nn.Linear]:
        """The layers between trunk and last layer."""
        return [self.mixed, self.hidden]

    def see(self, image: Tensor) -> Tensor:
        """(N, C): what the trunk sees in a view."""
        return self.trunk(image).mean((2, 3))  # type: ignore[no-any-return]

    def mix(self, seen: Tensor, cues: Tensor) -> Tensor:
        """(N, hidden): what the last layer gets of a photo."""
        return F.relu(self.hidden(F.relu(self.mixed(torch.cat([seen, cues], 1)))))

    def describe(self, image: Tensor, cues: Tensor) -> Tensor:
        """(N, hidden): both in one."""
        return self.mix(self.see(image), cues)

    def forward(self, image: Tensor, cues: Tensor) -> Tensor:
        """Predict the gains."""
        gains: Tensor = self.last(self.describe(image, cues))
        return gains
