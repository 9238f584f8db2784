"""Puts small faces into an enlarged photo as a network that knows faces enlarges them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nitido.errors import InvalidOption
from nitido.faces.blend import Window, blend, window_of
from nitido.faces.detector import FaceDetector
from nitido.faces.face import Face
from nitido.photo.model import Pixels
from nitido.tensors import check_pixels
from nitido.upscaler import Upscaler

Sample = TypeVar("Sample", np.uint8, np.uint16)

LARGEST = 32.0
"""Side in pixels up to which a face is small: the face network has seen none larger."""
TOLERANCE = 4.0
"""Grey levels (root mean square) that an enlarged face, shrunk again, may differ from the photo."""


@dataclass(frozen=True, eq=False)
class UpscaledFace:
    """A small face, enlarged by the face network."""

    face: Face
    window: Window
    """What was enlarged, in pixels of the photo."""
    pixels: Pixels
    """The window, enlarged, at the face network's own scale."""
    error: float
    """Grey levels (root mean square) by which ``pixels``, shrunk to the window, differ from the photo."""
    applied: bool
    """Whether it was put into the enlarged photo: its error is within the tolerance."""


@dataclass(frozen=True, eq=False)
class UpscaledPhoto:
    """An enlarged photo and the small faces in it."""

    pixels: NDArray[Any]
    """(H, W, 3), uint8 or uint16."""
    faces: tuple[UpscaledFace, ...]
    """The surest first."""


class FaceUpscaler:
    """``faces(pixels, enlarged)``: the enlarged photo, its small faces enlarged by a face network instead.

    A face is put in only where it is true to the photo: shrunk again, it may differ from the face in the
    photo by no more than ``tolerance``, else the enlarged photo stays as it is. A face whose longer side is
    above ``largest`` pixels of the photo is left alone as well: it shows enough by itself. Safe to call from
    several threads.

    ``on_result`` gets an ``UpscaledPhoto`` for every photo, also for one without faces; a door camera may
    hand the faces to a recogniser, or open. It runs in the thread that hands in the photo, before that call
    returns; what it raises surfaces there.
    """

    def __init__(
        self,
        upscaler: Callable[[Pixels], Pixels],
        detector: Callable[[Pixels], tuple[Face, ...]],
        *,
        largest: float = LARGEST,
        tolerance: float = TOLERANCE,
        on_result: Callable[[UpscaledPhoto], object] | None = None,
    ) -> None:
        """Use an opened face network (an ``Upscaler``) and detector, or doubles. Raises InvalidOption."""
        if not (largest > 0 and tolerance >= 0):
            raise InvalidOption(
                f"expected a largest face above 0 pixels and a tolerance of at least 0 grey levels, "
                f"got {largest} and {tolerance}; leave them out for the defaults"
            )
        self.id = "+".join(str(getattr(model, "id", "")) for model in (upscaler, detector))
        """Those of both models: a folder run notices by it that one has changed."""
        self._upscaler, self._detector = upscaler, detector
        self._largest, self._tolerance = largest, tolerance
        self._on_result = on_result

    @classmethod
    def open(
        cls,
        name_or_folder: str | os.PathLike[str] = "face-x8",
        *,
        detector: str | os.PathLike[str] = "faces",
        largest: float = LARGEST,
        tolerance: float = TOLERANCE,
        on_result: Callable[[UpscaledPhoto], object] | None = None,
        runtime: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> FaceUpscaler:
        """Open the zoo's face network and detector, or other bundles.

        Raises InvalidOption, and what ``Upscaler.open`` and ``FaceDetector.open`` raise.
        """
        return cls(
            Upscaler.open(name_or_folder, runtime=runtime, device=device, threads=threads),
            FaceDetector.open(detector, runtime=runtime, device=device, threads=threads),
            largest=largest,
            tolerance=tolerance,
            on_result=on_result,
        )

    @property
    def info(self) -> str:
        """What runs the two networks, each runtime once."""
        models = (self._upscaler, self._detector)
        return "; ".join(dict.fromkeys(str(getattr(model, "info", "python function")) for model in models))

    def __call__(self, pixels: Pixels, enlarged: NDArray[Sample]) -> NDArray[Sample]:
        """The photo (H, W, 3) uint8 and what it was enlarged to, uint8 or uint16, to a new one of these.

        Where no face is put in, that is ``enlarged`` itself. Raises InvalidOption.
        """
        result: NDArray[Sample] = self.result(pixels, enlarged).pixels
        return result

    def result(self, pixels: Pixels, enlarged: NDArray[Sample]) -> UpscaledPhoto:
        """The same, with the faces: those put in, and those that were not true to the photo."""
        check_pixels(pixels)
        check_pixels(enlarged, deep=True)
        if enlarged.shape[0] < pixels.shape[0] or enlarged.shape[1] < pixels.shape[1]:
            raise InvalidOption(
                f"expected an enlarged photo of at least {pixels.shape[1]} x {pixels.shape[0]} pixels, got "
                f"{enlarged.shape[1]} x {enlarged.shape[0]}; give the photo first, then what became of it"
            )
        small = [face for face in self._detector(pixels) if face.side <= self._largest]
        windows = [(face, window) for face in small if (window := window_of(face, pixels)) is not None]
        faces = tuple(self._enlarge(face, window, pixels) for face, window in windows)
        if any(found.applied for found in faces):
            enlarged = enlarged.copy()
        for found in reversed(faces):  # where two overlap, the surer one is on top
            if found.applied:
                blend(enlarged, pixels.shape[:2], found.pixels, found.window, found.face.side)
        outcome = UpscaledPhoto(enlarged, faces)
        if self._on_result is not None:
            self._on_result(outcome)
        return outcome

    def _enlarge(self, face: Face, window: Window, pixels: Pixels) -> UpscaledFace:
        left, top, right, bottom = window
        part = np.ascontiguousarray(pixels[top:bottom, left:right])
        large = self._upscaler(part)
        shrunk = Image.fromarray(large).resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        error = float(np.sqrt(np.mean((np.asarray(shrunk, np.float32) - part) ** 2)))
        return UpscaledFace(face, window, large, error, error <= self._tolerance)
