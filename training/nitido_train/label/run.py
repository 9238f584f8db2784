"""A whole run of labelling: plan, work through what is not done yet, join the parts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nitido.photo.atomic import atomic_write
from nitido_train.errors import TrainingDataError
from nitido_train.label import store
from nitido_train.label.enhancers import open_models
from nitido_train.label.local import run_local
from nitido_train.label.plan import LabelConfig, Plan, absolute, list_split
from nitido_train.label.ray_engine import run_ray
from nitido_train.label.reading import Labels, read_labels
from nitido_train.label.work import Engine

ENGINES: dict[str, Engine] = {"local": run_local, "ray": run_ray}


@dataclass(frozen=True)
class Progress:
    """How far a run is; ``rows`` and ``seconds`` count since this run began or went on."""

    parts: int
    total: int
    rows: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0


def label_folder(config: LabelConfig, progress: Callable[[Progress], None] = lambda _: None) -> Labels:
    """Label a folder of photos into ``config.out``, or go on where an earlier run of the same plan stopped.

    Labels that are there already are read and returned. Labels or parts of another plan are never touched:
    TrainingDataError. Also raises InvalidOption, PairMismatch and what opening the models raises.
    """
    plan = make_plan(config)
    if plan.config.out.exists():
        refuse_other(store.read_header(plan.config.out).description, plan.description(), plan.config.out)
        shutil.rmtree(plan.folder, ignore_errors=True)  # left by a run killed after it had joined them
    else:
        begin(plan)
        work(plan, progress)
        finish(plan)
    return read_labels(plan.config.out, plan.ids.enhancer)


def make_plan(config: LabelConfig) -> Plan:
    """The plan of a configuration; the models are opened once to learn what they are."""
    photos = list_split(config.photos, config.split)
    config = replace(  # workers elsewhere have other working directories
        config,
        photos=config.photos.absolute(),
        out=config.out.absolute(),
        enhancer=absolute(config.enhancer),
        upscaler=config.upscaler and absolute(config.upscaler),
        scorer=config.scorer and absolute(config.scorer),
    )
    return Plan(config, photos, open_models(config).ids)


def begin(plan: Plan) -> None:
    """Make the folder of parts, or take up the one that is there."""
    note = plan.folder / "plan.json"
    wanted = {**plan.description(), "photos_per_part": plan.config.photos_per_part}
    if note.exists():
        refuse_other(json.loads(note.read_text()), wanted, plan.folder)
        return
    with atomic_write(note) as stream:
        stream.write(json.dumps(wanted, indent=1).encode())


def refuse_other(found: Mapping[str, Any], wanted: Mapping[str, Any], where: Path) -> None:
    """Raises TrainingDataError where labels were made, or begun, in another way than asked for now."""
    names = [name for name in wanted if found.get(name) != wanted[name]]
    if names:
        differences = "; ".join(f"{name} {wanted[name]}, got {found.get(name)}" for name in names)
        raise TrainingDataError(
            f"expected {where} to be made with {differences}; "
            "use the same options, or another -o, or delete it to start anew"
        )


def work(plan: Plan, progress: Callable[[Progress], None]) -> None:
    """Do all parts that are not there yet."""
    todo = [part for part in plan.parts if not plan.file(part).exists()]
    if not todo:
        return
    start, rows, finished = time.perf_counter(), 0, len(plan.parts) - len(todo)
    for done in ENGINES[plan.config.engine](plan, todo):
        rows, finished = rows + done.rows, finished + 1
        progress(Progress(finished, len(plan.parts), rows, time.perf_counter() - start))


def finish(plan: Plan) -> None:
    """Join the parts in the order of the photos, then remove them."""
    files = [plan.file(part) for part in plan.parts]
    missing = [file.name for file in files if not file.exists()]
    if missing:
        raise TrainingDataError(
            f"expected all parts in {plan.folder}, {', '.join(missing[:5])} are missing; run it again"
        )
    store.merge(files, plan.config.out)
    shutil.rmtree(plan.folder)
