"""Tiny networks with random weights, as checkpoints, and synthetic photos to prove their export on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nitido.bundle.manifest import Manifest
from nitido.photo.model import Pixels
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.families import open_model
from nitido_export.graphs import Model
from nitido_train.nets.blur import BlurConfig, BlurNet
from nitido_train.nets.restore import RestoreConfig, RestoreNet
from nitido_train.nets.sr import SrConfig, SrNet
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig, TriggerNet

SaveCheckpoint = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NITIDO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def save_checkpoint() -> SaveCheckpoint:
    def save(file: Path, net: nn.Module, network: Any, recipe: str = "sr", **changes: Any) -> Path:
        torch.manual_seed(0)
        for parameter in net.parameters():  # the recipes' start values would hide an output that is wrong
            gain = 1.0 if parameter.dim() == 1 else 2 / parameter[0].numel()
            nn.init.normal_(parameter, std=0.1 if parameter.dim() == 1 else gain**0.5)
        save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()}, file)
        provenance = {
            "recipe": recipe,
            "config": {"loop": {"minutes": float("inf")}},
            "network": asdict(network),
            "seed": 0,
            "data": {"photos": 3, "digest": "0123456789abcdef"},
            "steps": 1,
            "minutes": 0.5,
            "machine": "a processor",
            "command": "python -m nitido_train.recipes.sr --data /home/somebody/photos --scale 2",
            "torch": "2",
            "commit": "abc1234",
            "measured": {"held_out_psnr_y": 31.25},
        }
        file.with_suffix(".json").write_text(json.dumps(provenance | changes))
        return file

    return save


@pytest.fixture(scope="session")
def photos() -> list[Pixels]:
    """Gradients with edges and noise, of several sizes; the last is too small for any crop."""
    rng = np.random.default_rng(0)
    made = []
    for height, width in ((400, 420), (256, 320), (40, 50)):
        y, x = np.mgrid[0:height, 0:width]
        waves = np.stack([np.sin(x / (3 + c)) * np.cos(y / (5 + c)) for c in range(3)], axis=2)
        step = (x > width // 2)[..., None] * 60
        grey = 110 + 70 * waves + step + rng.normal(0, 6, waves.shape)
        made.append(np.clip(grey, 0, 255).astype(np.uint8))
    return made


@pytest.fixture(scope="session")
def sr_checkpoint(save_checkpoint: SaveCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SrConfig(scale=2, width=6, depth=1)
    return save_checkpoint(
        tmp_path_factory.mktemp("checkpoints") / "sr-x2.safetensors", SrNet(config), config
    )


@pytest.fixture(scope="module")
def model(sr_checkpoint: Path) -> Model:
    """An upscaler whose skip carries the photo, as in trained networks: what is added to it is small."""
    opened = open_model(sr_checkpoint)
    net = opened.graphs[0].net
    assert isinstance(net, SrNet)
    net.tail.weight *= 0.1
    return opened


@pytest.fixture(scope="session")
def restore_checkpoint(save_checkpoint: SaveCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    blur, restore = BlurConfig(hidden=8), RestoreConfig(full=4, half=4, quarter=6, eighth=8)
    save_checkpoint(folder / "blur.safetensors", BlurNet(blur), blur, "blur")
    return save_checkpoint(folder / "restore.safetensors", RestoreNet(restore), restore, "restore")


@pytest.fixture(scope="session")
def trigger_checkpoint(save_checkpoint: SaveCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = TriggerConfig(hidden=4)
    return save_checkpoint(
        tmp_path_factory.mktemp("checkpoints") / "trigger.safetensors",
        TriggerNet(config),
        config,
        "trigger",
        config={
            "enhancers": {"restore": "00112233445566ff"},
            "precision": 0.9,
            "view": {"size": 128, "crop": 64, "count": 3, "whole": 1},
        },
        measured={"threshold": 0.25, **{f"threshold_{name}": at / 8 for at, name in enumerate(OUTPUTS)}},
    )


@pytest.fixture(scope="session")
def sr_bundle(
    sr_checkpoint: Path, photos: list[Pixels], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("bundles") / "sr-x2"
    return folder, write_bundle(open_model(sr_checkpoint), folder, targets.find(), photos)
