"""What a choice of photos is worth: compute saved, gain kept, photos made worse."""

from __future__ import annotations

import numpy as np

from nitido_bench.suite import Row
from nitido_train.trigger.decisions import Flags, Numbers

HARM = -0.05
"""A photo whose quality changes by less than this was made worse; smaller losses nobody sees."""
KEPT = 0.99
"""Share of the possible gain that must be kept while saving compute."""


def value(chosen: Flags, gains: Numbers, megapixels: Numbers, possible: float) -> Row:
    """What enhancing the ``chosen`` photos saves, keeps and spoils.

    ``saved`` is the share of all megapixels that is not enhanced. ``gain_kept`` is the share of the
    ``possible`` gain, losses subtracted; left out where no gain is possible.
    """
    row: Row = {"saved": round(1 - float(megapixels[chosen].sum() / megapixels.sum()), 4)}
    if possible > 0:
        row["gain_kept"] = round(float(gains[chosen].sum()) / possible, 4)
    return {**row, "harmed": int((gains[chosen] < HARM).sum())}


def possible_gain(gains: Numbers) -> float:
    """The gain of an oracle, which enhances what truly gains and nothing else."""
    return float(np.maximum(gains, 0).sum())


def fewest(scores: Numbers, gains: Numbers, kept: float = KEPT) -> Flags:
    """The photos from the highest threshold on ``scores`` that still holds a share of the possible gain.

    Losses of photos among them are not subtracted here: enhancing every clean photo can lose more than there
    is to gain, and then nothing would count as kept. None where no gain is possible.
    """
    wanted = kept * possible_gain(gains)
    if wanted == 0:
        return np.zeros(len(scores), np.bool_)
    order = np.argsort(np.negative(scores), kind="stable")
    held = np.cumsum(np.maximum(gains[order], 0), dtype=np.float64)
    enough = held >= wanted - 1e-9  # sums in another order round differently
    chosen: Flags = scores >= scores[order][np.argmax(enough)]
    return chosen
