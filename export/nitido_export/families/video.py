"""Video upscalers: encoders, the body with its memory, and decoders, as graphs that share no weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nitido.bundle.manifest import TensorSpec, VideoTask
from nitido.photo.model import Pixels
from nitido_export.checkpoints import fill
from nitido_export.graphs import Graph, Model, Values
from nitido_export.photos import grey
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance
from nitido_train.nets.video import CELLS, PATHS, SOURCES, TARGETS, VideoConfig, VideoNet, folded

REMEMBERED = 12
"""Frames after which the memory's range hardly grows any more."""
GRID = 12
"""Cells of the coarse grid, each way, in golden vectors and in builds of a fixed size."""


class _See(nn.Module):
    """An encoder."""

    def __init__(self, net: VideoNet, source: int) -> None:
        super().__init__()
        self.net, self.source = net, source

    def forward(self, luma: Tensor) -> Tensor:
        return self.net.encode(luma, self.source)


class _Body(nn.Module):
    """What all paths share."""

    def __init__(self, net: VideoNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, seen: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.net.remember(seen, state)


class _Draw(nn.Module):
    """A decoder, with what is on the fine grid before it."""

    def __init__(self, net: VideoNet, source: int, target: int) -> None:
        super().__init__()
        self.net, self.source, self.target = net, source, target

    def forward(self, luma: Tensor, features: Tensor) -> Tensor:
        fine = self.net.encode_fine(luma, self.source)
        residuals = self.net.residuals(features, fine, (self.target,))[self.target]
        return self.net.enlarge(luma, residuals, self.source, self.target)


def video_upscaler(file: Path, provenance: Provenance) -> Model:
    """Family ``video``: ``see-180``, ``body``, ``draw-180-720`` and their siblings."""
    config = VideoConfig(**provenance.network)
    net = folded(fill(lambda: VideoNet(config), file)).requires_grad_(False)
    frame = TensorSpec("luma", (1, 1, None, None))
    seen, memory, features, following = (
        TensorSpec(name, (1, channels, None, None))
        for name, channels in (
            ("seen", config.memory),
            ("memory", config.memory),
            ("features", config.width),
            ("next", config.memory),
        )
    )
    see = [
        Graph(
            name=f"see-{source}",
            net=_See(net, source),
            inputs=(frame,),
            outputs=(seen,),
            example=lambda pixels: {"luma": grey(pixels)},
            side=GRID * CELLS[source],
            multiple=CELLS[source],
            floats=True,
        )
        for source in SOURCES
    ]
    body = Graph(
        name="body",
        net=_Body(net),
        inputs=(seen, memory),
        outputs=(features, following),
        example=lambda pixels: _remembering(net, pixels),
        side=2 * GRID,
        rounded=frozenset({"features"}),
    )
    draw = [
        Graph(
            name=f"draw-{source}-{target}",
            net=_Draw(net, source, target),
            inputs=(frame, features),
            outputs=(TensorSpec("enlarged", (1, 1, None, None)),),
            example=_Featured(net, source),
            side=GRID * CELLS[source],
            multiple=CELLS[source],
            coarse=frozenset({"features"}),
            greys=frozenset({"luma", "enlarged"}),
            exact=frozenset({f"net.skips.{source}-{target}"}),  # flat areas would get a pattern
        )
        for source, target in PATHS
    ]
    speed = "in real time on two cores of a laptop" if file.stem.endswith("fast") else "frame by frame"
    return Model(
        name=file.stem,
        id=checkpoint.identity(file),
        description=f"Enlarges video {speed}: 180p, 360p or 720p to 360p, 720p or 1080p.",
        task=VideoTask(
            cells={str(height): cells for height, cells in CELLS.items()},
            sources=SOURCES,
            targets=TARGETS,
            memory=config.memory,
        ),
        graphs=(*see, body, *draw),
        provenance=provenance,
    )


class _Featured:
    """Makes what a decoder takes of a crop."""

    def __init__(self, net: VideoNet, source: int) -> None:
        self.net, self.source = net, source

    def __call__(self, pixels: Pixels) -> Values:
        frame = grey(pixels)
        with torch.inference_mode():
            seen = self.net.encode(torch.from_numpy(frame)[None, :, :, :].permute(0, 3, 1, 2), self.source)
            features, _ = self.net.remember(seen, torch.zeros_like(seen))
        return {"luma": frame, "features": _cells_last(features)}


def _remembering(net: VideoNet, pixels: Pixels) -> Values:
    """A frame, and what is remembered of a pan across it: memory goes on filling for some frames."""
    with torch.inference_mode():
        seen = net.encode(torch.from_numpy(grey(pixels)).permute(2, 0, 1)[None], SOURCES[0])
        state = torch.zeros_like(seen)
        for beyond in range(REMEMBERED, 0, -1):
            _, state = net.remember(seen.roll(beyond, 3), state)
    return {"seen": _cells_last(seen), "memory": _cells_last(state)}


def _cells_last(tensor: Tensor) -> NDArray[np.float32]:
    """In steps of half floats: examples are as good, and golden vectors take half the room."""
    return np.ascontiguousarray(tensor[0].permute(1, 2, 0).half().float().numpy())
