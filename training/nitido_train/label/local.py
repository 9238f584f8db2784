"""Labelling on this machine: in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait

from nitido_train.errors import TrainingDataError
from nitido_train.label.plan import Plan
from nitido_train.label.work import Done, Labeller

_labeller: Labeller | None = None


def run_local(plan: Plan, todo: list[int]) -> Iterator[Done]:
    """Label the parts; one worker is this process. Raises TrainingDataError where a worker was killed."""
    if plan.config.workers == 1:
        labeller = Labeller(plan)
        yield from map(labeller, todo)
        return
    context = multiprocessing.get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(plan.config.workers, context, _open, (plan,)) as pool:
        try:
            for future in as_completed([pool.submit(_label, part) for part in todo]):
                yield future.result()
        except BrokenProcessPool as error:
            raise TrainingDataError(
                f"expected {plan.config.workers} workers to finish, got one that died or was killed; "
                "the same command goes on where this ended, with fewer --workers if memory is short"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _open(plan: Plan) -> None:
    global _labeller
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _labeller = Labeller(plan)


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _label(part: int) -> Done:
    assert _labeller is not None
    return _labeller(part)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers started meanwhile use one thread for linear algebra too."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
