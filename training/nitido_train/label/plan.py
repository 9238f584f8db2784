"""What a run of labelling makes: its configuration, the photos in parts, and what the rows depend on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nitido import zoo
from nitido.errors import InvalidOption
from nitido_train import data
from nitido_train.errors import TrainingDataError

SCHEMA = 1
"""Version of the table of labels; a higher one is refused when read."""
Split = Literal["train", "held-out", "all"]
Engine = Literal["local", "ray"]
FACTORY = re.compile(r"\w+(\.\w+)*:\w+")
"""How an option names someone's own code: ``package.module:factory``."""


@dataclass(frozen=True)
class LabelConfig:
    """What to label, with what, and where to."""

    photos: Path
    out: Path
    """The Parquet file; unfinished work lies beside it, in a folder of the same name and ``.parts``."""
    enhancer: str = "restore"
    """A zoo name, a bundle's folder, or ``package.module:factory`` of a ``LabelEnhancer``."""
    upscaler: str | None = None
    """A zoo name or a bundle's folder, sr-x2 when not given; a factory's enhancer brings its own."""
    scorer: str | None = None
    """A zoo name, a bundle's folder, or ``package.module:factory`` of a ``QualityScorer``."""
    samples_per_photo: int = 1
    side: int = 320
    """Of the square crop that is degraded and enhanced; smaller photos are left out."""
    seed: int = 0
    clean: float = 0.4
    """Share of the samples that is not degraded."""
    as_is: bool = False
    """Take the photos as they are: none is known to be pristine, so only the scorer judges."""
    split: Split = "train"
    """By the fixed hold-out of ``nitido_train.data``."""
    engine: Engine = "local"
    workers: int = 1
    """Processes, of one thread each."""
    photos_per_part: int = 16
    """What is lost at most, per worker, when everything is killed."""

    def __post_init__(self) -> None:
        """Raises InvalidOption."""
        for name in ("samples_per_photo", "workers", "photos_per_part"):
            if getattr(self, name) < 1:
                raise InvalidOption(f"expected {name} to be 1 or more, got {getattr(self, name)}")
        if self.side < 32 or self.side % 2:
            raise InvalidOption(f"expected an even side of at least 32 pixels, got {self.side}")
        if not 0 <= self.clean <= 1:
            raise InvalidOption(f"expected a share of clean samples from 0 to 1, got {self.clean}")
        if self.as_is and self.scorer is None:
            raise InvalidOption(
                "expected a scorer, since nothing else can judge photos as they are, got none; "
                "pass --scorer BUNDLE, or leave --as-is out for pristine photos"
            )
        if FACTORY.fullmatch(self.enhancer) and self.upscaler is not None:
            raise InvalidOption(
                f"expected no upscaler beside {self.enhancer}, which brings its own, got {self.upscaler}; "
                "leave --upscaler out"
            )


@dataclass(frozen=True)
class Ids:
    """Which models made the labels."""

    enhancer: str
    upscaler: str
    scorer: str | None


@dataclass(frozen=True)
class Plan:
    """A configuration, the photos it means, and the models' identities; workers on any machine get this."""

    config: LabelConfig
    photos: tuple[str, ...]
    """Paths below the folder, with slashes, sorted."""
    ids: Ids

    @property
    def parts(self) -> range:
        """Numbers of the parts: the units of work."""
        return range(-(-len(self.photos) // self.config.photos_per_part))

    @property
    def folder(self) -> Path:
        """Where finished parts wait for the others."""
        return self.config.out.with_name(self.config.out.name + ".parts")

    def file(self, part: int) -> Path:
        """The file of a finished part."""
        return self.folder / f"{part:07}.parquet"

    def photos_of(self, part: int) -> tuple[str, ...]:
        """The photos of one part."""
        size = self.config.photos_per_part
        return self.photos[part * size : (part + 1) * size]

    def description(self) -> dict[str, str | int | float | None]:
        """Everything that the rows depend on, beside the photos' contents."""
        config = self.config
        names = hashlib.sha256("\n".join(self.photos).encode()).hexdigest()[:16]
        return {
            "schema": SCHEMA,
            "enhancer": self.ids.enhancer,
            "upscaler": self.ids.upscaler,
            "scorer": self.ids.scorer,
            "photos": f"{len(self.photos)} named {names}",
            "samples_per_photo": config.samples_per_photo,
            "side": config.side,
            "seed": config.seed,
            "clean": config.clean,
            "as_is": config.as_is,
        }


def list_split(folder: Path, split: Split) -> tuple[str, ...]:
    """The photos of a folder that belong to the split. Raises TrainingDataError where there are none."""
    try:
        files = data.list_photos(folder)
    except FileNotFoundError as error:
        raise TrainingDataError(f"expected photos below {folder}, found none; name another folder") from error
    chosen = [f for f in files if split == "all" or data.is_held_out(f) == (split == "held-out")]
    if not chosen:
        raise TrainingDataError(
            f"expected photos of the split '{split}' below {folder}, got {len(files)} of the other; "
            "choose --split all, or a folder with more photos"
        )
    return tuple(sorted(f.relative_to(folder).as_posix() for f in chosen))


def absolute(model: str) -> str:
    """A bundle's folder as workers elsewhere find it; zoo names and factories stay."""
    is_folder = model not in zoo.names() and not FACTORY.fullmatch(model)
    return str(Path(model).absolute()) if is_folder else model
