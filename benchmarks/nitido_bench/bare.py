"""A trigger around a session that is timed on its own too."""

from __future__ import annotations

import nitido
from nitido.blur_estimator import BlurEstimator
from nitido.bundle.manifest import TriggerTask
from nitido.runtime.session import Session


def trigger_around(
    session: Session, bundle: nitido.Bundle, runtime: str | None, threads: int | None
) -> tuple[nitido.Trigger, BlurEstimator | None]:
    """The trigger, and the estimator of blur that it asks, if it carries one."""
    task = bundle.task(TriggerTask)
    estimator = None
    if task.blur is not None:
        estimator = BlurEstimator.open(bundle, task.blur, runtime=runtime, threads=threads)
    return nitido.Trigger(session, task, bundle.manifest.id, estimator), estimator
