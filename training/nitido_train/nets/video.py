"""The video network: luma of three sizes to luma of three larger ones, with a memory of the frames before."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido_train.resample import bicubic_matrix

CELLS = {180: 1, 360: 2, 720: 4, 1080: 6}
"""Pixels of a frame, each way, in a cell of the coarse grid where the memory lives: by the frame's height."""
SOURCES, TARGETS = (180, 360, 720), (360, 720, 1080)
PATHS = tuple((source, target) for source in SOURCES for target in TARGETS if target > source)
"""The pairs of heights that the network knows. Frames of other heights count by their ratio."""
_REACH = 2
"""Pixels beyond a cell that bicubic interpolation sees."""
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
    """Channels on the fine grid, which adds to 720p and 1080p; 0: there is none."""
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
        update, candidate = self.look(torch.cat((features, state), 1))
        return state + torch.sigmoid(update) * (torch.tanh(candidate) - state)

    def look(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """How much to replace, by what; before their limits."""
        update, candidate = self.gates(seen).chunk(2, 1)
        return update, candidate


class MemoryApart(Memory):
    """The same, with a convolution for each gate: in whole numbers each has a scale of its own."""

    def __init__(self, memory: Memory) -> None:
        nn.Module.__init__(self)
        gates = memory.gates
        halves = zip(gates.weight.chunk(2), gates.bias.chunk(2), strict=True)  # type: ignore[union-attr]  # it has one
        self.update, self.candidate = (_convolution(weight, bias) for weight, bias in halves)

    def look(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """As before."""
        return self.update(seen), self.candidate(seen)


class Skip(nn.Module):
    """A linear filter that enlarges luma, from ``pixels`` to ``block`` in a cell, each way: bicubic at first.

    What the few channels of the body cannot carry goes this way: the detail that a large frame has already.
    """

    bicubic: Tensor

    def __init__(self, pixels: int, block: int) -> None:
        super().__init__()
        self.pixels = pixels
        self.register_buffer("bicubic", _bicubic(pixels, block), persistent=False)
        self.learned = nn.Parameter(torch.zeros_like(self.bicubic))

    def forward(self, luma: Tensor) -> Tensor:
        """Luma (N, 1, H, W) to blocks (N, block^2, H / pixels, W / pixels)."""
        return F.conv2d(luma, self.kernels(), stride=self.pixels, padding=_REACH)

    def kernels(self) -> Tensor:
        """(block^2, 1, k, k)."""
        # A step of the optimiser would shift flat areas by grey levels, were it not made small here.
        return self.bicubic + 0.1 * self.learned


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
            late = [t for t in TARGETS if CELLS[t] > _FINE]
            self.fine_decoders = nn.ModuleDict({str(t): _decoder(fine, CELLS[t] // _FINE) for t in late})
        self.decoders = nn.ModuleDict({str(t): _decoder(width, CELLS[t]) for t in TARGETS})
        self.skips = nn.ModuleDict({f"{s}-{t}": Skip(CELLS[s], CELLS[t]) for s, t in PATHS})

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

    def residuals(
        self, features: Tensor, fine: Tensor | None, targets: Sequence[int]
    ) -> dict[int, tuple[Tensor, ...]]:
        """What to add to each target, as blocks in the channels of the coarse grid, and of the fine one.

        What no target needs is not computed.
        """
        made: dict[int, tuple[Tensor, ...]] = {t: (self.decoders[str(t)](features),) for t in targets}
        late = [t for t in targets if self.config.fine and CELLS[t] > _FINE]
        if late:
            x = F.pixel_shuffle(self.up(features), _FINE)
            x = F.relu(x if fine is None else x + fine)
            for layer in self.body:
                x = F.relu(layer(x))
            made.update({t: (*made[t], self.fine_decoders[str(t)](x)) for t in late})
        return made

    def enlarge(self, luma: Tensor, residuals: Sequence[Tensor], source: int, target: int) -> Tensor:
        """The target, from the frame and what is added to it."""
        coarse, *fine = residuals
        made = F.pixel_shuffle(self.skips[f"{source}-{target}"](luma) + coarse, CELLS[target])
        for blocks in fine:
            made = made + F.pixel_shuffle(blocks, CELLS[target] // _FINE)
        return made


@torch.no_grad()
def scale_features(net: VideoNet, share: float) -> None:
    """Multiply all features by a positive number, which ReLUs pass on, and leave the results as they are."""
    made = [net.fuse, net.recall]
    within = [layer for block in net.blocks for layer in block.modules()]
    for layer in (*made, *within):
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            layer.bias.mul_(share)
    for layer in made:
        layer.weight.mul_(share)
    net.memory.gates.weight[:, : net.config.width].div_(share)
    for layer in (*net.decoders.values(), *([net.up] if net.config.fine else [])):
        assert isinstance(layer, nn.Conv2d)
        layer.weight.div_(share)


def folded(net: VideoNet) -> VideoNet:
    """A copy whose skips and gates are plain convolutions, as an export takes them."""
    net = copy.deepcopy(net)
    net.memory = MemoryApart(net.memory)
    for name, skip in list(net.skips.items()):
        assert isinstance(skip, Skip)
        kernels = skip.kernels()
        plain = nn.Conv2d(1, len(kernels), kernels.shape[2], stride=skip.pixels, padding=_REACH, bias=False)
        plain.weight = nn.Parameter(kernels.detach())
        net.skips[name] = plain
    return net


def _convolution(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """3x3, of these weights."""
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
    layer.weight, layer.bias = nn.Parameter(weight.detach().clone()), nn.Parameter(bias.detach().clone())
    return layer


def _strided(step: int, channels: int) -> nn.Conv2d:
    """A convolution of luma with ``step`` pixels in a cell, which sees a pixel beyond it on each side."""
    return nn.Conv2d(1, channels, step + 2, stride=step, padding=1)


def _decoder(channels: int, block: int) -> nn.Conv2d:
    """A convolution to blocks of luma, of next to nothing at first."""
    layer = nn.Conv2d(channels, block**2, 3, padding=1)
    nn.init.normal_(layer.weight, std=1e-3)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d.bias is only None when asked
    return layer


def _bicubic(pixels: int, block: int) -> Tensor:
    """Kernels (block^2, 1, k, k) of stride ``pixels``, which see ``_REACH`` pixels beyond their cell."""
    cells = 5  # the middle one is as in an endless picture
    matrix = bicubic_matrix(cells * pixels, cells * block)
    middle = slice(2 * pixels - _REACH, 3 * pixels + _REACH)
    line = matrix[2 * block : 3 * block, middle]
    kernels = np.einsum("ay,bx->abyx", line, line)
    return torch.from_numpy(kernels.reshape(block**2, 1, *kernels.shape[2:]))
