"""Fine-tune a trigger's last layer on ratings of before and after (source: T6), of people or of an oracle.

    python -m nitido_train.recipes.trigger_finetune --base training/checkpoints/trigger.safetensors \\
        --ratings ratings.csv --out tuned/trigger.safetensors
"""

from __future__ import annotations

import argparse
import copy
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nitido.bundle.manifest import View
from nitido.cues import look
from nitido_train import checkpoint, data
from nitido_train.errors import TrainingDataError
from nitido_train.loop import Progress, describe_command
from nitido_train.nets.trigger import TriggerNet
from nitido_train.trigger.decisions import average_precision, choose_threshold
from nitido_train.trigger.gains import tensors
from nitido_train.trigger.ratings import CUTS, Rating, read_ratings
from nitido_train.trigger.trained import TrainedTrigger, open_trigger

LIMIT = 120
"""Fewer parameters than this are trained (source: T6)."""
_FLAT = 1e-2
"""Deviation below which a feature says nothing."""
_SCALE = 1 / 300
"""How firmly the base's scale holds, against its direction: ratings have a unit of their own."""
BETTER = 1
"""Ratings from this on say that enhancing was worth it."""


@dataclass(frozen=True)
class Config:
    """How to fit the last layer."""

    softness: float = 0.15
    """Points of quality over which a rating turns into the next higher one."""
    anchor: float = 3.0
    """Weight of the squared distance to the base, with features in units of their spread: few ratings move it
    little. This and ``softness`` did best in cross-validation on oracle ratings."""
    iterations: int = 200
    """At most; it stops where the loss no longer falls."""


def train(config: Config, base: TrainedTrigger, ratings: Sequence[Rating]) -> checkpoint.Trained:
    """Fit the joint gain to four fifths of the ratings, and compare with the base on the rest.

    The factors' outputs and thresholds stay; the joint threshold is chosen anew for the base's precision, on
    what was fitted. Raises TrainingDataError where the ratings of a part are all better, or none is.
    """
    start = time.monotonic()
    held_out = np.array([r.is_held_out for r in ratings])
    better = np.array([r.rating >= BETTER for r in ratings])
    for name, part in (("to fit", ~held_out), ("held out", held_out)):
        if not 0 < better[part].sum() < part.sum():
            raise TrainingDataError(
                f"expected ratings below {BETTER} and others among those {name}, got "
                f"{int(better[part].sum())} of {int(part.sum())} that are not below; rate more photos"
            )
    features = describe(base.net, base.view, ratings)
    levels = torch.tensor([r.rating for r in ratings])
    net = copy.deepcopy(base.net)
    steps = fit_last_layer(net, features[~held_out], levels[~held_out], config)
    with torch.inference_mode():
        before, after = (n.last(features)[:, 0].numpy() for n in (base.net, net))
    chosen = choose_threshold(after[~held_out], better[~held_out], base.precision)
    measured = {k: v for k, v in base.provenance.measured.items() if k.startswith("threshold_")}
    measured |= {
        "threshold": chosen.value,
        "auc_pr_before": round(average_precision(before[held_out], better[held_out]), 4),
        "auc_pr": round(average_precision(after[held_out], better[held_out]), 4),
        "better_share": round(float(better[held_out].mean()), 4),
        "ratings": float(len(ratings)),
        "ratings_held_out": float(held_out.sum()),
    }
    provenance = {
        **asdict(config),
        "base": base.id,
        "raters": dict(Counter(r.rater or "unnamed" for r in ratings)),
        "view": asdict(base.view),
        "enhancers": base.enhancers,
        "precision": base.precision,
    }
    files = sorted({r.photo for r in ratings if not r.is_held_out})
    progress = Progress(steps, (time.monotonic() - start) / 60, [describe_command()])
    return checkpoint.Trained(net, provenance, base.provenance.network, 0, files, progress, measured)


def describe(net: TriggerNet, view: View, ratings: Sequence[Rating]) -> Tensor:
    """(N, hidden): what the last layer sees of each rated photo; a photo rated often is looked at once."""
    known: dict[Path, Tensor] = {}
    with torch.no_grad():
        for rating in ratings:
            if rating.photo not in known:
                seen = look(data.load_rgb(rating.photo), view, net.estimator)
                known[rating.photo] = net.describe(*tensors(seen))[0]
    return torch.stack([known[r.photo] for r in ratings])


def fit_last_layer(net: TriggerNet, features: Tensor, levels: Tensor, config: Config) -> int:
    """Fit ratings by proportional odds (McCullagh 1980): a rating is at least r where the joint gain is above
    CUTS[r], as surely as it is above. So the score stays a gain. Returns the steps taken; the loss is convex.
    """
    weight, bias = net.last.weight, net.last.bias
    count = weight.numel() + bias.numel()
    assert count < LIMIT, f"{count} parameters would be trained, expected fewer than {LIMIT}"
    features = features.detach()
    spread = features.std(0)
    alive = spread > _FLAT
    unit = torch.where(alive, 1 / spread, torch.zeros(()))
    middle = features.mean(0)
    with torch.no_grad():
        score = net.last(features)[:, 0]
    at_least = torch.stack([levels >= rating for rating in CUTS], dim=1).float()
    cuts = torch.tensor(list(CUTS.values()))
    scale, turn, offset = torch.ones(1), torch.zeros(len(spread)), torch.zeros(1)
    moving = [part.requires_grad_(True) for part in (scale, turn, offset)]
    optimiser = torch.optim.LBFGS(moving, max_iter=config.iterations, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        moved = scale * score + (features - middle) * unit @ turn + offset
        surety = (moved[:, None] - cuts) / config.softness
        distance = turn.square().sum() + _SCALE * (scale - 1).square().sum()
        value = F.binary_cross_entropy_with_logits(surety, at_least) + config.anchor * distance
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        added = turn * unit
        weight[0] = scale * weight[0] + added
        bias[0] = scale[0] * bias[0] + offset[0] - added @ middle
    return int(optimiser.state[scale]["n_iter"])


def main() -> None:
    """Command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--base", type=Path, required=True, help="checkpoint of the trigger to fine-tune")
    parser.add_argument(
        "--ratings", type=Path, required=True, help="CSV with columns photo, enhanced, rating"
    )
    parser.add_argument(
        "--anchor", type=float, default=Config.anchor, help="how firmly the base's weights hold"
    )
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    args = parser.parse_args()
    trained = train(Config(anchor=args.anchor), open_trigger(args.base), read_ratings(args.ratings))
    checkpoint.save(trained, "trigger_finetune", args.out, half=True)


if __name__ == "__main__":
    main()
