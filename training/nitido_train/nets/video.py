"""The video network: luma of three sizes to luma of three larger ones, with a memory of the frames before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CELLS = {180: 1, 360: 2, 720: 4, 1080: 6}
"""Pixels of a frame in a cell of the coarse grid, where the memory lives, each way: by height of the frame."""
SOURCES, TARGETS = (180, 360, 720), (360, 720, 1080)
PATHS = tuple((source, target) for source in SOURCES for target in TARGETS if target > source)
"""The pairs of heights that the network knows. Frames of other heights count by their ratio."""
_FINE = 2
"""Cells of the fine grid in one of the coarse grid, each way."""


@dataclass(frozen=True)
class VideoConfig:
    """Size of a video network. Multiples of 16: ONNX Runtime computes others no faster than the next one."""

    width: int
    """Channels on the coarse grid."""
    memory: int
    """Channels of the memory, and of what the encoders see in a frame."""
    blocks: int
    """Dense blocks on the coarse grid."""
    convolutions: int
    """In each dense block."""
    growth: int
    """Channels that each of those adds."""
    fine: int = 0
    """Channels on the fine grid; 0: there is none, all sizes are decoded from the coarse one."""
    depth: int = 0
    """Convolutions on the fine grid."""


TIERS = {
    "fast": VideoConfig(width=32, memory=16, blocks=1, convolutions=1, growth=32),
    "base": VideoConfig(width=64, memory=32, blocks=2, convolutions=2, growth=32, fine=32, depth=1),
}
"""The shipped sizes."""


class DenseBlock(nn.Module):
    """Convolutions that each see all before them, gathered and added to what came in (RRDB's inner block)."""

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        width, growth = config.width, config.growth
        self.layers = nn.ModuleList(
            nn.Conv2d(width + i * growth, growth, 3, padding=1) for i in range(config.convolutions)
        )
        self.gather = nn.Conv2d(width + config.convolutions * growth, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Refine features."""
        seen = x
        for layer in self.layers:
            seen = torch.cat((seen, F.relu(layer(seen))), 1)
        gathered: Tensor = self.gather(seen)
        return x + gathered


class Memory(nn.Module):
    """A convolutional gated recurrent unit without a reset gate: at each place, how much to replace, by what.

    A state of zeros means that nothing was seen.
    """

    def __init__(self, width: int, memory: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(width + memory, 2 * memory, 3, padding=1)

    def forward(self, features: Tensor, state: Tensor) -> Tensor:
        """The next state, (N, memory, H, W), from features (N, width, H, W) and the state."""
        update, candidate = self.gates(torch.cat((features, state), 1)).chunk(2, 1)
        return state + torch.sigmoid(update) * (torch.tanh(candidate) - state)


class VideoNet(nn.Module):
    """One network for all paths: an encoder for each size of frame, a shared body, a decoder for each target.

    Only operations that phones run: convolution, ReLU, sigmoid, tanh, add, multiply, concatenate, split,
    depth-to-space. Luma is (N, 1, H, W) in [0, 1]; the state has a cell for each of the coarse grid, whatever
    the size of the frame, so that this may change between two frames.
    """

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.config = config
        width, memory, fine = config.width, config.memory, config.fine
        self.encoders = nn.ModuleDict({str(s): _strided(CELLS[s], memory) for s in SOURCES})
        self.fuse = nn.Conv2d(2 * memory, width, 3, padding=1)
        self.blocks = nn.ModuleList(DenseBlock(config) for _ in range(config.blocks))
        self.memory = Memory(width, memory)
        self.recall = nn.Conv2d(memory, width, 1)
        if fine:
            finer = [s for s in SOURCES if CELLS[s] >= _FINE]
            self.fine_encoders = nn.ModuleDict({str(s): _strided(CELLS[s] // _FINE, fine) for s in finer})
            self.up = nn.Conv2d(width, fine * _FINE**2, 1)
            self.body = nn.ModuleList(nn.Conv2d(fine, fine, 3, padding=1) for _ in range(config.depth))
        self.decoders = nn.ModuleDict()
        for target in TARGETS:
            early = self.decodes_early(target)
            inputs, block = (width, CELLS[target]) if early else (fine, CELLS[target] // _FINE)
            decoder = nn.Conv2d(inputs, block**2, 3, padding=1)
            nn.init.normal_(decoder.weight, std=1e-3)
            nn.init.zeros_(decoder.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
            self.decoders[str(target)] = decoder
        for source, target in PATHS:
            self.register_buffer(f"skip_{source}_{target}", _skip(source, target), persistent=False)

    def decodes_early(self, target: int) -> bool:
        """Whether a target comes from the coarse grid: what is beyond that is not executed for it."""
        return not self.config.fine or CELLS[target] <= _FINE

    def forward(self, luma: Tensor, state: Tensor, source: int, targets: Sequence[int]) -> tuple[Tensor, ...]:
        """Luma of the targets, smallest first, and the next state. ``source`` names an encoder."""
        features, state = self.remember(self.encode(luma, source), state)
        made = self.residuals(features, self.encode_fine(luma, source), targets)
        return (*(self.enlarge(luma, made[t], source, t) for t in sorted(targets)), state)

    def encode(self, luma: Tensor, source: int) -> Tensor:
        """What is in a frame, (N, memory, coarse grid)."""
        return F.relu(self.encoders[str(source)](luma))

    def encode_fine(self, luma: Tensor, source: int) -> Tensor | None:
        """The same on the fine grid; None where the frame is not finer than the coarse one."""
        if not self.config.fine or str(source) not in self.fine_encoders:
            return None
        encoded: Tensor = self.fine_encoders[str(source)](luma)
        return encoded

    def remember(self, encoded: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, width, coarse grid) from a frame and what is remembered; the next state."""
        x = F.relu(self.fuse(torch.cat((encoded, state), 1)))
        for block in self.blocks:
            x = block(x)
        state = self.memory(x, state)
        return F.relu(x + self.recall(state)), state

    def residuals(self, features: Tensor, fine: Tensor | None, targets: Sequence[int]) -> dict[int, Tensor]:
        """What to add to each target, as blocks in the channels of a grid; nothing that no target needs."""
        made = {t: self.decoders[str(t)](features) for t in targets if self.decodes_early(t)}
        late = [t for t in targets if t not in made]
        if late:
            x = F.pixel_shuffle(self.up(features), _FINE)
            x = F.relu(x if fine is None else x + fine)
            for layer in self.body:
                x = F.relu(layer(x))
            made.update({t: self.decoders[str(t)](x) for t in late})
        return made

    def enlarge(self, luma: Tensor, residual: Tensor, source: int, target: int) -> Tensor:
        """The target, from the frame and what is added to it."""
        block = CELLS[target]
        skip = F.conv2d(luma, self.get_buffer(f"skip_{source}_{target}"), stride=CELLS[source])
        if self.decodes_early(target):
            return F.pixel_shuffle(skip + residual, block)
        return F.pixel_shuffle(skip, block) + F.pixel_shuffle(residual, block // _FINE)


def _strided(step: int, channels: int) -> nn.Conv2d:
    """A convolution of luma with ``step`` pixels in a cell, which sees a pixel beyond it on each side."""
    return nn.Conv2d(1, channels, step + 2, stride=step, padding=1)


def _skip(source: int, target: int) -> Tensor:
    """A fixed convolution (target cells squared, 1, source cells, source cells): linear inside of a cell.

    It needs no pixel of another cell, so that no border has to be repeated.
    """
    pixels, block = CELLS[source], CELLS[target]
    places = np.clip((np.arange(block) + 0.5) * pixels / block - 0.5, 0, pixels - 1)
    line = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(pixels)))
    kernel = np.einsum("ay,bx->abyx", line, line).reshape(block**2, 1, pixels, pixels)
    return torch.from_numpy(kernel.astype(np.float32))
