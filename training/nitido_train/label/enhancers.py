"""Enhancers and scorers that labels are made with: exported bundles, or someone else's code."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import nitido
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido_train.label.plan import FACTORY, Ids, LabelConfig

if TYPE_CHECKING:
    from nitido.scorer import QualityScorer

THREADS = 1
"""Per worker: workers do not get in each other's way, and their number cannot change a result."""


class LabelEnhancer(Protocol):
    """What labels are made with; the trigger trained on them belongs to it."""

    @property
    def id(self) -> str:
        """Names the enhancer's exact version: change it whenever the results change."""

    @property
    def upscaler_id(self) -> str:
        """The same for ``upscaled``."""

    def __call__(self, pixels: Pixels) -> dict[str, Pixels]:
        """The photo with everything removed, ``joint``, and with one factor removed, per factor.

        A factor that the enhancer cannot remove alone may be missing: its gain is 0. Shapes stay.
        """

    def upscaled(self, pixels: Pixels) -> Pixels:
        """The photo at twice its size."""


class BundleEnhancer:
    """A restorer and an upscaler run by the sdk, as on a device."""

    def __init__(self, restorer: nitido.Restorer, upscaler: nitido.Upscaler) -> None:
        """The upscaler must be one for a scale of 2. Raises InvalidOption."""
        if upscaler.scale != 2:
            raise InvalidOption(f"expected an upscaler for a scale of 2, got {upscaler.scale}; try sr-x2")
        self.id, self.upscaler_id = restorer.id, upscaler.id
        self._restorer, self._upscaler = restorer, upscaler

    def __call__(self, pixels: Pixels) -> dict[str, Pixels]:
        """One run for everything and one per factor, since each can depend on the others' strengths."""
        alone = {factor: self._restorer(pixels, {factor: 1.0}) for factor in self._restorer.factors}
        return {"joint": self._restorer(pixels), **alone}

    def upscaled(self, pixels: Pixels) -> Pixels:
        """The photo at twice its size."""
        return self._upscaler(pixels)


@dataclass(frozen=True, eq=False)
class Models:
    """What one worker works with."""

    enhancer: LabelEnhancer
    scorer: QualityScorer | None

    @property
    def ids(self) -> Ids:
        """Which models they are."""
        scorer = None if self.scorer is None else self.scorer.id
        return Ids(self.enhancer.id, self.enhancer.upscaler_id, scorer)


def open_models(config: LabelConfig) -> Models:
    """Open what a configuration names. Raises InvalidOption and what opening a bundle raises."""
    return Models(_open_enhancer(config), _open_scorer(config.scorer) if config.scorer else None)


def _open_enhancer(config: LabelConfig) -> LabelEnhancer:
    if FACTORY.fullmatch(config.enhancer):
        enhancer: LabelEnhancer = made_by(config.enhancer, ("id", "upscaler_id", "upscaled", "__call__"))
        return enhancer
    upscaler = nitido.Upscaler.open(config.upscaler or "sr-x2", threads=THREADS)
    return BundleEnhancer(nitido.Restorer.open(config.enhancer, threads=THREADS), upscaler)


def _open_scorer(name: str) -> QualityScorer:
    if FACTORY.fullmatch(name):
        scorer: QualityScorer = made_by(name, ("id", "__call__"))
        return scorer
    from nitido.scorer import Scorer

    return Scorer.open(name, threads=THREADS)


def made_by(factory: str, members: tuple[str, ...]) -> Any:
    """Call ``package.module:factory`` without arguments; its result must have the members.

    Raises InvalidOption, with the cause, where there is no such module or factory.
    """
    module_name, _, name = factory.partition(":")
    try:
        make = getattr(importlib.import_module(module_name), name)
    except ImportError as error:
        raise InvalidOption(
            f"expected to import {module_name} for {factory}, got: {error}; "
            "install it, or run where it can be imported (PYTHONPATH)"
        ) from error
    except AttributeError as error:
        raise InvalidOption(
            f"expected {module_name} to have {name}, which it has not; name a function of it"
        ) from error
    made = make()
    missing = [member for member in members if not hasattr(made, member)]
    if missing:
        raise InvalidOption(
            f"expected {factory} to return an object with {', '.join(members)}, "
            f"got a {type(made).__name__} without {', '.join(missing)}; see nitido_train.label.enhancers"
        )
    return made
