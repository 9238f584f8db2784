"""The one place where commands open models: imported late, for a runtime costs time; replaced in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nitido.cli.options import Command

if TYPE_CHECKING:
    from nitido.enhancer import Enhancer
    from nitido.trigger import Trigger
    from nitido.upscaler import Upscaler


def open_trigger(args: Command) -> Trigger:
    """The shipped trigger."""
    from nitido.trigger import Trigger

    return Trigger.open(runtime=args.runtime, threads=args.threads)


def open_enhancer(args: Command, threshold: float | None) -> Enhancer:
    """The shipped trigger and restorer."""
    from nitido.enhancer import Enhancer

    return Enhancer.open(threshold=threshold, runtime=args.runtime, threads=args.threads)


def open_upscaler(args: Command, scale: int) -> Upscaler:
    """The shipped upscaler of that scale."""
    from nitido.upscaler import Upscaler

    return Upscaler.open(scale=scale, runtime=args.runtime, threads=args.threads)
