"""A scorer as NIMA (Talebi & Milanfar 2018): MobileNetV2's features to shares of the ratings 1 to 10."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from nitido.bundle.manifest import View
from nitido_train.nets.mobilenet import LAYER_16, MobileNetV2

VIEW = View(size=448, crop=224, count=4)
"""Native-size crops, as the trigger's: shrinking a photo hides its defects."""


@dataclass(frozen=True)
class NimaConfig:
    """Size of the network; only width 1 takes ImageNet weights."""

    width: float = 1.0
    dropout: float = 0.2
    """Share of the pooled features that training leaves out."""


class NimaNet(MobileNetV2):
    """RGB (N, 3, H, W) in [0, 1] to shares (N, 10) that sum to 1."""

    def __init__(self, config: NimaConfig) -> None:
        super().__init__(LAYER_16, config.width)
        self.config = config
        self.dropout = nn.Dropout(config.dropout)
        self.last = nn.Linear(self.channels, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Predict the distribution of ratings."""
        pooled = self.features(image).mean((2, 3))
        shares: Tensor = self.last(self.dropout(pooled)).softmax(1)
        return shares
