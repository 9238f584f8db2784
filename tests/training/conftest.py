"""Photos with labels that a tiny trigger can learn, and one that has learned them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nitido.bundle.manifest import View
from nitido_train import checkpoint, data
from nitido_train.degrade import Degradation
from nitido_train.label import Labels, Sample
from nitido_train.label.photos import hash_of
from nitido_train.label.plan import Ids
from nitido_train.label.store import Header
from nitido_train.loop import LoopConfig
from nitido_train.nets.trigger import OUTPUTS, TriggerConfig
from nitido_train.recipes import trigger
from nitido_train.trigger.head import HeadConfig

SIDE = 32
PER_PHOTO = 4


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of blobs and edges; some of their names fall into the held-out tenth."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(14):
        coarse = rng.integers(0, 256, (90, 90, 3), np.uint8)
        image = Image.fromarray(coarse).resize((500, 480), Image.Resampling.BICUBIC)
        image.paste(tuple(int(v) for v in coarse[0, 0]), (60, 60, 200, 300))
        image.save(folder / f"{number:02}.png")
    assert 0 < len(data.held_out_photos(folder)) < 14
    return folder


@pytest.fixture(scope="session")
def noisy_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty smooth photos of 32 x 32."""
    folder = tmp_path_factory.mktemp("noisy_photos")
    for index in range(40):
        coarse = np.random.default_rng(index).integers(60, 200, (3, 3, 3), dtype=np.uint8)
        photo = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        photo.save(folder / f"photo{index}.png")
    return folder


@pytest.fixture(scope="session")
def labels(noisy_photos: Path) -> Labels:
    """Each photo clean and with noise of three strengths: sigma 40 costs two points, which can be won back.

    Removing everything from a clean photo costs a tenth.
    """
    samples = []
    for number, file in enumerate(sorted(noisy_photos.iterdir())):
        for index in range(PER_PHOTO):
            noise = 40.0 * index / (PER_PHOTO - 1)
            gains = dict.fromkeys(OUTPUTS, 0.0) | {"joint": noise / 20 - 0.1, "denoise": noise / 20}
            degradation = Degradation(read_noise=noise)
            place = (file.name, hash_of(file.read_bytes()), 0, 0, SIDE, index, PER_PHOTO * number + index)
            samples.append(Sample(*place, noise == 0, degradation, gains))
    header = Header({"schema": 1, "enhancer": "e" * 16}, len(samples) * len(OUTPUTS), "0" * 64, {})
    return Labels(tuple(samples), Ids("e" * 16, "u" * 16, None), header)


@pytest.fixture(scope="session")
def tiny() -> trigger.Config:
    """A training of seconds."""
    loop = LoopConfig(
        steps=240, learning_rate=4e-3, warmup=20, ema_decay=0.9, log_every=60, evaluate_every=120, bf16=False
    )
    network, view = TriggerConfig(mixed=32, hidden=8, width=0.1), View(size=32, crop=16, count=4)
    return trigger.Config(network, view, batch=16, head=HeadConfig(steps=300, batch=64), loop=loop)


@pytest.fixture(scope="session")
def trained_trigger(
    tiny: trigger.Config, labels: Labels, noisy_photos: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The checkpoint of a trigger trained on the labels."""
    folder = tmp_path_factory.mktemp("trained_trigger")
    trained = trigger.train(tiny, labels, noisy_photos, folder / "run")
    checkpoint.save(trained, "trigger", folder / "trigger.safetensors")
    return folder / "trigger.safetensors"
