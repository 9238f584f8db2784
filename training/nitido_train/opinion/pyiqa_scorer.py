"""No-reference metrics of the package pyiqa as quality scorers on the scale of 1 to 10.

Its ranges are rough, its weights are downloaded when a metric is first made, and many of them may not be used
commercially: see the metric's own licence. None ships with Nitido.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import numpy as np
import torch

from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido.scorer import Quality
from nitido_train.tensors import to_tensor

_RANGE = re.compile(r"~?(-?\d+(?:\.\d+)?), ?~?(-?\d+(?:\.\d+)?)")


class PyiqaScorer:
    """A ``QualityScorer``: the ends of a metric's range become 1 and 10, the rest lies evenly between.

    Where lower is better, the ends change places. Scores beyond the range are clipped; there is no spread.
    """

    def __init__(self, metric: str, score_range: tuple[float, float] | None = None) -> None:
        """``score_range`` (lowest, highest) stands for the one that pyiqa states, which may be open.

        Raises ImportError without pyiqa, InvalidOption for a metric that cannot rate single photos.
        """
        try:
            pyiqa = import_module("pyiqa")
        except ImportError as error:
            raise ImportError(f"PyiqaScorer needs pyiqa ({error}): pip install 'nitido[iqa]'") from error
        self._metric: Any = pyiqa.create_metric(metric, device=torch.device("cpu"))
        if self._metric.metric_mode != "NR":
            raise InvalidOption(
                f"expected a metric that needs no reference, got {metric} ({self._metric.metric_mode}); "
                f"pyiqa.list_models(metric_mode='NR') names them"
            )
        low, high = score_range or _stated_range(metric, self._metric.score_range)
        if not low < high:
            raise InvalidOption(f"expected score_range as (lowest, highest), got {(low, high)}")
        self._worst, self._best = (high, low) if self._metric.lower_better else (low, high)
        version = getattr(pyiqa, "__version__", "unknown")
        self.id = f"pyiqa-{version}-{metric}-{self._worst:g}-{self._best:g}"

    def __call__(self, pixels: Pixels) -> Quality:
        """Rate a photo at its own size."""
        with torch.inference_mode():
            score = float(self._metric(to_tensor([pixels])))
        share = (score - self._worst) / (self._best - self._worst)
        return Quality(float(np.clip(1 + 9 * share, 1, 10)), 0.0)


def _stated_range(metric: str, stated: str | None) -> tuple[float, float]:
    """pyiqa writes ranges as ``0, 100`` or ``~0, ~1``, and open ones as ``0, ~``."""
    found = _RANGE.fullmatch((stated or "").strip())
    if found is None:
        raise InvalidOption(
            f"expected pyiqa to state both ends of the range of {metric}, got {stated!r}; "
            f"pass score_range=(lowest, highest)"
        )
    return float(found[1]), float(found[2])
