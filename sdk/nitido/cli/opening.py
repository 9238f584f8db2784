"""The one place where commands open models: imported late, for a runtime costs time; replaced in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nitido.cli.options import Command

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nitido.blind import BlindEnlarger, Stroke
    from nitido.colorizer import Colorizer
    from nitido.enhancer import Enhancer
    from nitido.enlarger import Enlarger
    from nitido.faces import FaceUpscaler
    from nitido.sharing import Downscaler
    from nitido.trigger import Trigger
    from nitido.video import VideoUpscaler


def open_trigger(args: Command) -> Trigger:
    """The shipped trigger."""
    from nitido.trigger import Trigger

    return Trigger.open(runtime=args.runtime, device=args.device, threads=args.threads)


def open_enhancer(args: Command, threshold: float | None) -> Enhancer:
    """The shipped trigger and restorer."""
    from nitido.enhancer import Enhancer

    return Enhancer.open(threshold=threshold, runtime=args.runtime, device=args.device, threads=args.threads)


def open_enlarger(args: Command, tier: str, sharp: bool) -> Enlarger:
    """The shipped upscalers of a tier."""
    from nitido.enlarger import Enlarger

    return Enlarger.open(
        tier=tier, sharp=sharp, runtime=args.runtime, device=args.device, threads=args.threads
    )


def open_face_upscaler(args: Command) -> FaceUpscaler:
    """The shipped face detector and face network."""
    from nitido.faces import FaceUpscaler

    return FaceUpscaler.open(runtime=args.runtime, device=args.device, threads=args.threads)


def open_colorizer(args: Command) -> Colorizer:
    """The shipped colorizer."""
    from nitido.colorizer import Colorizer

    return Colorizer.open(runtime=args.runtime, device=args.device, threads=args.threads)


def open_downscaler(args: Command, bundle: str) -> Downscaler:
    """A shipped codec-aware downscaler."""
    from nitido.sharing import Downscaler

    return Downscaler.open(bundle, runtime=args.runtime, device=args.device, threads=args.threads)


def open_video_upscaler(args: Command, target: int, fast: bool, bundle: str | None) -> VideoUpscaler:
    """The shipped video network of a speed, or another bundle's."""
    from nitido.video import VideoUpscaler

    return VideoUpscaler.open(
        bundle, target=target, fast=fast, runtime=args.runtime, device=args.device, threads=args.threads
    )


def open_blind_enlarger(
    args: Command, kernel: NDArray[Any] | None, strokes: tuple[Stroke, ...], varying: bool
) -> BlindEnlarger:
    """The shipped blind upscalers."""
    from nitido.blind import BlindEnlarger

    return BlindEnlarger.open(
        kernel=kernel,
        strokes=strokes,
        varying=varying,
        runtime=args.runtime,
        device=args.device,
        threads=args.threads,
    )
