"""Checkpoints: weights as safetensors, and a JSON beside them that says how they came to be."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from nitido_train.commit import current_commit
from nitido_train.data import digest
from nitido_train.loop import Progress


@dataclass(frozen=True)
class Provenance:
    """Everything needed to make a checkpoint again."""

    recipe: str
    config: dict[str, Any]
    network: dict[str, Any]
    seed: int
    data: dict[str, Any]
    steps: int
    minutes: float
    machine: str
    command: str
    """All of them, where a run was resumed."""
    torch: str
    commit: str
    measured: dict[str, float]
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    """What layers make, after their ReLU, where a training for 8 bits has fixed it."""


@dataclass(frozen=True)
class Trained:
    """What a recipe's ``train`` returns: the averaged network and how it was made."""

    net: nn.Module
    config: dict[str, Any]
    network: dict[str, Any]
    seed: int
    files: Sequence[Path]
    progress: Progress
    measured: dict[str, float]
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)


def describe_machine() -> str:
    """Processor, cores and what torch may use of it, as one line."""
    names = [line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    cpu = names[0].split(":")[1].strip() if names else platform.processor()
    if torch.cuda.is_available():
        cpu = f"{torch.cuda.get_device_name()}, {cpu}"
    return f"{cpu}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text() if file.exists() else ""


def save(trained: Trained, recipe: str, file: Path, half: bool = False) -> None:
    """Write ``file`` (.safetensors) and its provenance (.json).

    Weights are float32, or with ``half`` rounded to half floats: the files are half as large, and so are
    the ONNX builds, which store them so and compute in float32.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    dtype = torch.float16 if half else torch.float32
    tensors = {k: v.detach().to(dtype).contiguous().cpu() for k, v in trained.net.state_dict().items()}
    save_file(tensors, file)
    provenance = Provenance(
        recipe=recipe,
        config=trained.config,
        network=trained.network,
        seed=trained.seed,
        data={"photos": len(trained.files), "digest": digest(trained.files)},
        steps=trained.progress.step,
        minutes=round(trained.progress.minutes, 1),
        machine=describe_machine(),
        command=" && ".join(trained.progress.commands),
        torch=torch.__version__,
        commit=current_commit(),
        measured=trained.measured,
        ranges=trained.ranges,
    )
    file.with_suffix(".json").write_text(json.dumps(asdict(provenance), indent=1) + "\n")


def load_weights(net: nn.Module, file: Path) -> None:
    """Fill ``net`` from a checkpoint; a checkpoint of another network is an error."""
    try:
        net.load_state_dict(load_file(file))
    except RuntimeError as error:
        raise ValueError(f"expected weights of {type(net).__name__} in {file}: {error}") from error


def load_matching(net: nn.Module, file: Path) -> list[str]:
    """Fill the tensors that a checkpoint has under the same name and shape; returns their names."""
    own = net.state_dict()
    found = {k: v for k, v in load_file(file).items() if k in own and own[k].shape == v.shape}
    net.load_state_dict(found, strict=False)
    return sorted(found)


def identity(*files: Path) -> str:
    """What bundles call ``id``: the first 16 hex digits of the sha256 of all of a model's checkpoints."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def load_provenance(file: Path) -> Provenance:
    """Read the JSON beside a checkpoint."""
    return Provenance(**json.loads(file.with_suffix(".json").read_text()))
