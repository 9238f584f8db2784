"""The unit of work: label the photos of one part and leave a finished file, on any engine and any machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from nitido.errors import PairMismatch
from nitido_train.label import store
from nitido_train.label.enhancers import Models, open_models
from nitido_train.label.measure import Row, measure
from nitido_train.label.photos import decode, hash_of
from nitido_train.label.plan import Plan
from nitido_train.label.samples import plan_samples


@dataclass(frozen=True)
class Done:
    """A part that was finished just now."""

    part: int
    rows: int


class Engine(Protocol):
    """Something that works through the parts, in any order."""

    def __call__(self, plan: Plan, todo: list[int]) -> Iterator[Done]:
        """Label the parts that are still to do."""


class Labeller:
    """Opens the models once, then labels part after part."""

    def __init__(self, plan: Plan, models: Models | None = None) -> None:
        """``models`` are those of the plan, opened here when not given. Raises PairMismatch for others."""
        self.plan = plan
        self.models = models or open_models(plan.config)
        if self.models.ids != plan.ids:
            raise PairMismatch(
                f"expected the models {plan.ids} on every machine, got {self.models.ids} on this one; "
                "install the same bundles everywhere"
            )

    def __call__(self, part: int) -> Done:
        """Label one part; its file is there whole or not at all, so doing it again is harmless."""
        rows: list[Row] = []
        left_out: dict[str, str] = {}
        for photo in self.plan.photos_of(part):
            found = self._label(photo)
            if isinstance(found, str):
                left_out[photo] = found
            else:
                rows += found
        store.write_part(self.plan.file(part), rows, self.plan.description(), left_out)
        return Done(part, len(rows))

    def _label(self, photo: str) -> list[Row] | str:
        """The rows of one photo, or why it has none; a file that cannot be read at all stops the run."""
        config = self.plan.config
        content = (config.photos / photo).read_bytes()
        pixels = decode(content)
        if pixels is None:
            return "damaged, or no photo"
        samples = plan_samples(photo, hash_of(content), pixels, config)
        if not samples:
            return f"{pixels.shape[1]} x {pixels.shape[0]} pixels are less than a crop of {config.side}"
        return [row for sample in samples for row in measure(sample, pixels, self.models)]
