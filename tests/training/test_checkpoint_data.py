"""Checkpoints carry their history; folders of photos are split the same way every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nitido_train import checkpoint, data
from nitido_train.loop import Progress
from nitido_train.nets.sr import SrConfig, SrNet


def trained(net: torch.nn.Module) -> checkpoint.Trained:
    files = [Path("a.png"), Path("b.png")]
    return checkpoint.Trained(net, {"scale": 2}, {"scale": 2}, 7, files, Progress(3, 0.5), {"psnr": 30.0})


def test_checkpoint_round_trip_keeps_weights_and_history(tmp_path: Path) -> None:
    net = SrNet(SrConfig(2, 8, 1))
    file = tmp_path / "sr.safetensors"
    checkpoint.save(trained(net), "sr", file)
    other = SrNet(SrConfig(2, 8, 1))
    checkpoint.load_weights(other, file)
    image = torch.rand(1, 3, 8, 8)
    assert torch.equal(net(image), other(image))
    provenance = checkpoint.load_provenance(file)
    assert (provenance.recipe, provenance.seed, provenance.steps) == ("sr", 7, 3)
    assert provenance.data == {"photos": 2, "digest": data.digest([Path("b.png"), Path("a.png")])}


def test_identity_names_the_weights(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in "abc"]
    nets = [SrNet(SrConfig(2, 8, 1)) for _ in range(2)]
    for net, file in zip([nets[0], nets[0], nets[1]], files, strict=True):
        checkpoint.save(trained(net), "sr", file)
    a, b, c = (checkpoint.identity(file) for file in files)
    assert a == b != c
    assert len(a) == 16


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "sr.safetensors"
    checkpoint.save(trained(SrNet(SrConfig(2, 8, 1))), "sr", file)
    with pytest.raises(ValueError, match="SrNet"):
        checkpoint.load_weights(SrNet(SrConfig(2, 16, 1)), file)


def test_warm_start_takes_only_the_layers_that_fit(tmp_path: Path) -> None:
    file = tmp_path / "x2.safetensors"
    source = SrNet(SrConfig(2, 8, 3))
    checkpoint.save(trained(source), "sr", file)
    target = SrNet(SrConfig(4, 8, 2))
    taken = checkpoint.load_matching(target, file)
    assert "head.weight" in taken
    assert "body.1.weight" in taken
    assert "tail.weight" not in taken
    assert torch.equal(target.head.weight, source.head.weight)


def make_photos(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        pixels = np.full((24, 20, 3), index, np.uint8)
        Image.fromarray(pixels).save(folder / f"photo{index}.png")


def test_training_and_held_out_photos_share_none_and_lose_none(tmp_path: Path) -> None:
    make_photos(tmp_path, 60)
    train, held_out = data.training_photos(tmp_path), data.held_out_photos(tmp_path)
    assert not set(train) & set(held_out)
    assert sorted([*train, *held_out]) == data.list_photos(tmp_path)
    assert 1 <= len(held_out) <= 20
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / held_out[0].name
    held_out[0].rename(moved)
    assert data.is_held_out(moved)  # the split follows the file's name, not its folder


def test_folder_without_photos_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--data"):
        data.list_photos(tmp_path)


def test_crops_lie_inside_and_come_more_often_from_large_photos() -> None:
    photos = [
        np.zeros((40, 40, 3), np.uint8),
        np.zeros((100, 200, 3), np.uint8),
        np.zeros((8, 8, 3), np.uint8),
    ]
    source = data.crops(photos, 32, np.random.default_rng(0))
    counts = [0, 0, 0]
    for index, top, left in (next(source) for _ in range(500)):
        counts[index] += 1
        assert 0 <= top <= photos[index].shape[0] - 32
        assert 0 <= left <= photos[index].shape[1] - 32
    assert counts[2] == 0
    assert counts[1] > 10 * counts[0]
    with pytest.raises(ValueError, match="at least 300"):
        next(data.crops(photos, 300, np.random.default_rng(0)))


def test_the_eight_symmetries_are_all_different() -> None:
    patch = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    assert len({data.random_symmetry(patch, code).tobytes() for code in range(8)}) == 8
