"""Enlarges the frames of a video one after another, each with what is remembered of those before."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nitido import zoo
from nitido.bundle.bundle import Bundle
from nitido.clips.planes import Plane, Planes, Resizer, resized, view
from nitido.clips.pyav import pyav
from nitido.errors import BundleNotFound, GoldenMismatch, InvalidOption
from nitido.photo.model import Pixels
from nitido.runtime.session import RuntimeInfo
from nitido.tensors import check_pixels
from nitido.video.network import State, VideoNetwork
from nitido.video.paths import Path, choose
from nitido.video.scenes import SceneCuts

BUNDLES = {False: "video", True: "video-fast"}
"""Names in the zoo, by whether the faster one is asked for."""


class VideoUpscaler:
    """``upscaler(frame)`` returns the frame in the target's size, or a dict of frames by target.

    A frame is RGB pixels (H, W, 3) or ``clips.Planes``, as cameras and decoders have it; the result is of the
    same kind. The network enlarges luma, bicubic interpolation chroma. Targets name the shorter side. It has
    a memory and no lock: hand it the frames of one video, in their order, from one thread at a time.
    """

    def __init__(self, network: VideoNetwork, targets: Sequence[int], *, single: bool = False) -> None:
        """``single``: results are frames, not dicts of them. Raises InvalidOption."""
        if not targets or len(set(targets)) != len(targets) or min(targets) < 2:
            raise InvalidOption(f"expected targets of at least 2, each once, got {tuple(targets)}")
        self.targets = tuple(sorted(targets))
        self.id = network.id
        """``Manifest.id`` of the bundle."""
        self._network = network
        self._single = single
        self._cuts = SceneCuts()
        self._state: State | None = None
        self._paths: tuple[tuple[int, int], dict[int, Path]] | None = None
        self._resizers: dict[int, Resizer] = {}

    @classmethod
    def open(
        cls,
        name_or_folder: str | os.PathLike[str] | None = None,
        *,
        target: int | None = None,
        targets: Sequence[int] = (),
        fast: bool = False,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> VideoUpscaler:
        """For one ``target`` such as 720, or several ``targets`` in one pass, with the zoo's network.

        ``fast`` takes the smaller, less sharp network. Raises InvalidOption,
        WrongTask, BundleNotFound, and what ``Bundle.open`` and ``open_session`` raise.
        """
        if (target is None) == (not targets):
            raise InvalidOption("expected either a target or targets, as in target=720; give one of them")
        if name_or_folder is not None and fast:
            raise InvalidOption("expected either a bundle or fast, got both; leave one of them out")
        name = BUNDLES[fast] if name_or_folder is None else name_or_folder
        if name_or_folder is None and name not in zoo.names():
            raise BundleNotFound(
                f"expected {name} in the zoo, which does not have it yet; pass fast=True (--fast), or the "
                f"folder of a bundle: docs/video.md says how to train one"
            )
        bundle = Bundle.open(name)
        network = VideoNetwork.of_bundle(bundle, runtime=runtime, device=device, threads=threads)
        wanted = tuple(targets) if target is None else (target,)
        return cls(network, wanted, single=target is not None)

    @property
    def info(self) -> RuntimeInfo:
        """What runs the network."""
        return self._network.info

    @property
    def state(self) -> State | None:
        """What is remembered, (H, W, memory) of the coarse grid, or None; set it to go on from there."""
        return self._state

    @state.setter
    def state(self, state: State | None) -> None:
        if state is not None and (
            state.ndim != 3 or state.shape[2] != self._network.task.memory or not np.isfinite(state).all()
        ):
            raise InvalidOption(
                f"expected a state of {self._network.task.memory} finite numbers a cell, got one of shape "
                f"{state.shape}; reset() starts without one"
            )
        self._state = state

    def reset(self) -> None:
        """Forget the frames before: the next one is of another video."""
        self._state = None
        self._cuts.reset()

    def __call__(self, frame: Pixels | Planes) -> Any:
        """The frame in the target's size; of several targets, a dict of frames by target.

        Another size in mid-video is taken as it comes: what is remembered is kept where the grid is the same,
        as from 180p to 360p or 720p. A cut is noticed, and what was before it forgotten. Raises InvalidOption
        for a target that is not above the frame, and GoldenMismatch when the runtime computes no numbers.
        """
        made = self._planes(frame) if isinstance(frame, Planes) else self._pixels(frame)
        return made[self.targets[0]] if self._single else made

    def _planes(self, frame: Planes) -> dict[int, Planes]:
        made = {}
        for target, luma in self._luma(frame.y).items():
            height, width = luma.shape
            half = (width + 1) // 2, (height + 1) // 2
            resized = self._resizer(target)
            made[target] = Planes(luma, resized(frame.u, *half), resized(frame.v, *half))
        return made

    def _pixels(self, frame: Pixels) -> dict[int, Pixels]:
        check_pixels(frame)
        split = pyav().VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        full = split.reformat(format="yuvj444p")
        made = {}
        for target, luma in self._luma(view(full.planes[0])).items():
            height, width = luma.shape
            joined = self._resizer(target).frame(full, width, height)
            view(joined.planes[0])[:] = luma
            made[target] = joined.to_ndarray(format="rgb24")
        return made

    def _resizer(self, target: int) -> Resizer:
        if target not in self._resizers:
            self._resizers[target] = Resizer(self._network.info.threads or 0)
        return self._resizers[target]

    def _luma(self, luma: Plane) -> dict[int, Plane]:
        paths = self._choose(luma)
        source = next(iter(paths.values())).source
        grid = self._network.grid(luma.shape, source)
        if self._cuts(luma) or (self._state is not None and self._state.shape[:2] != grid):
            self._state = None
        state = self._network.empty(grid) if self._state is None else self._state
        wanted = {path.target for path in paths.values()}
        made, following = self._network.run(luma, state, source, wanted)
        if not _are_numbers(following):
            made, following = self._network.run(luma, self._network.empty(grid), source, wanted)
            if not _are_numbers(following):
                raise GoldenMismatch(
                    f"expected {self.info} to compute numbers from a frame and an empty state, got none; "
                    f"choose another runtime or device"
                )
        self._state = following
        return {target: _fitted(made[path.target], path) for target, path in paths.items()}

    def _choose(self, luma: Plane) -> Mapping[int, Path]:
        size = luma.shape[0], luma.shape[1]
        if self._paths is None or self._paths[0] != size:
            self._paths = size, choose(self._network.task, *size, self.targets)
        return self._paths[1]


def _are_numbers(state: State) -> bool:
    """One that is none, or infinite, makes the sum such: gates keep the others between -1 and 1."""
    return bool(np.isfinite(state.sum()))


def _fitted(luma: Plane, path: Path) -> Plane:
    """Without the pixels of padded cells; made smaller where the network enlarges too much."""
    (rows, columns), (height, width) = path.made, path.size
    if abs(rows - height) <= 1 and abs(columns - width) <= 1:
        return luma[:height, :width]
    return resized(luma[:rows, :columns], width, height)
