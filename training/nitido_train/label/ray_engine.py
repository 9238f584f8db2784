"""Labelling on many machines: the same unit of work in Ray Data's actors.

Photos and output must be on storage that every machine sees under the same path. A running cluster is used
where ``RAY_ADDRESS`` names one; otherwise Ray starts here with as many processors as workers.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitido.errors import RuntimeUnavailable
from nitido_train.label.plan import Plan
from nitido_train.label.work import Done, Labeller

_MOST_BLOCKS = 10_000
Batch = dict[str, NDArray[np.int64]]


def run_ray(plan: Plan, todo: list[int]) -> Iterator[Done]:
    """Label the parts; a worker that dies is replaced and its part done again. Raises RuntimeUnavailable."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise RuntimeUnavailable(
            f"expected Ray to be installed for --engine ray, got: {error}; pip install 'nitido[scale]'"
        ) from error
    started = not ray.is_initialized()
    if started:
        own = {} if "RAY_ADDRESS" in os.environ else _here(plan.config.workers)
        ray.init(log_to_driver=False, logging_level=logging.WARNING, **own)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    try:
        blocks = min(len(todo), _MOST_BLOCKS)
        parts = ray.data.from_items([{"part": part} for part in todo], override_num_blocks=blocks)
        done = parts.map_batches(
            _Actor,
            fn_constructor_args=(plan,),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=plan.config.workers),
        )
        for row in done.iter_rows():
            yield Done(int(row["part"]), int(row["rows"]))
    finally:
        if started:
            ray.shutdown()


def _here(workers: int) -> dict[str, Any]:
    """Options of a Ray that lives and dies with this process, and imports what this process can import."""
    return {
        "num_cpus": workers,
        "include_dashboard": False,
        "object_store_memory": 100 << 20,  # only numbers of parts go through it
        "runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}},
    }


class _Actor:
    """One worker: one process, one thread."""

    def __init__(self, plan: Plan) -> None:
        self._labeller = Labeller(plan)

    def __call__(self, batch: Batch) -> Batch:
        done = [self._labeller(int(part)) for part in batch["part"]]
        return {"part": np.array([d.part for d in done]), "rows": np.array([d.rows for d in done])}
