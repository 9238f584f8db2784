"""Checkpoints as an export reads them: their history, and their weights in the network that it describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from torch import nn

from nitido_export.errors import CheckpointMismatch, CheckpointMissing
from nitido_train import checkpoint
from nitido_train.checkpoint import Provenance

Net = TypeVar("Net", bound=nn.Module)


def read_provenance(file: Path) -> Provenance:
    """The history beside a checkpoint."""
    for needed in (file, file.with_suffix(".json")):
        if not needed.is_file():
            raise CheckpointMissing(f"expected a checkpoint and its .json, found no {needed}; train it first")
    try:
        return checkpoint.load_provenance(file)
    except (TypeError, ValueError) as error:
        raise CheckpointMismatch(f"expected provenance in {file.with_suffix('.json')}: {error}") from error


def fill(make: Callable[[], Net], file: Path) -> Net:
    """The network that provenance describes, with the weights of ``file``."""
    try:
        net = make()
        checkpoint.load_weights(net, file)
    except (TypeError, ValueError, SafetensorError) as error:
        raise CheckpointMismatch(
            f"{file} does not hold the network that its .json describes ({error}); keep the two together"
        ) from error
    return net.eval().requires_grad_(False)
