"""Options of recipes' command lines for the weights of their loss: one for each field of ``LossWeights``."""

from __future__ import annotations

import argparse
from dataclasses import fields

from nitido_train.losses import LossWeights


def add_weights(parser: argparse.ArgumentParser, default: LossWeights) -> None:
    """Add ``--alpha``, ``--beta`` and so on; what is not given stays as in ``default``."""
    for weight in fields(LossWeights):
        text = f"{weight.name} of the loss, see losses.LossWeights (default: %(default)g)"
        parser.add_argument(f"--{weight.name}", type=float, default=getattr(default, weight.name), help=text)


def weights_of(args: argparse.Namespace) -> LossWeights:
    """The weights that were asked for."""
    return LossWeights(**{weight.name: getattr(args, weight.name) for weight in fields(LossWeights)})
