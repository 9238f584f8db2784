"""The SR recipes: they learn, what only helped in training is gone from what they save, options arrive."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nitido_train import checkpoint, data
from nitido_train.loop import LoopConfig
from nitido_train.losses import LossWeights
from nitido_train.nets.sr import TIERS, SrConfig, SrNet, grow
from nitido_train.recipes import sr, sr_sharp
from nitido_train.upscaling import load_photos, open_upscaler, pairs

CHECKPOINTS = Path(__file__).parents[2] / "training" / "checkpoints"
SHORT = LoopConfig(steps=60, warmup=5, learning_rate=2e-3, log_every=10, evaluate_every=60)
TINY = SrConfig(2, 8, 1)
CONFIG = sr.Config(network=TINY, patch=24, batch=4, loop=SHORT)
NOTHING = LossWeights(alpha=0, beta=0, decibel=0)


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def save_random(file: Path, network: SrConfig) -> Path:
    """A checkpoint whose network does something, though nothing useful."""
    torch.manual_seed(1)
    net = SrNet(network)
    torch.nn.init.normal_(net.tail.weight, std=0.05)
    network_of = {"scale": network.scale, "width": network.width, "depth": network.depth}
    progress = sr.loop.Progress(0, 0.0, ["none"])
    checkpoint.save(checkpoint.Trained(net, {}, network_of, 0, [], progress, {}), "sr", file)
    return file


def test_super_resolution_learns_and_can_be_warm_started(photos: Path, tmp_path: Path) -> None:
    trained = sr.train(CONFIG, photos, tmp_path / "run")
    found = losses(tmp_path / "run")
    assert found[-1] < 0.8 * found[0]
    file = tmp_path / "sr.safetensors"
    checkpoint.save(trained, "sr", file)
    ten = replace(CONFIG, loop=replace(SHORT, steps=10))
    warm = sr.train(ten, photos, tmp_path / "warm", warm_start=file)
    assert losses(tmp_path / "warm")[0] < found[0]
    assert warm.measured["held_out_psnr_y"] > 20


def test_a_grown_network_computes_what_the_small_one_did_and_can_learn_more() -> None:
    torch.manual_seed(0)
    small, large = SrNet(TINY), SrNet(SrConfig(2, 12, 3))
    torch.nn.init.normal_(small.tail.weight, std=0.05)
    grow(large, small)
    image = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(large(image), small(image))
    large(image).square().mean().backward()
    assert large.tail.weight.grad is not None
    assert large.tail.weight.grad[:, 8:].any()


def test_a_network_does_not_grow_into_a_smaller_one() -> None:
    with pytest.raises(ValueError, match="at most 8 channels and 1 layers to grow from, got 8 and 2;"):
        grow(SrNet(TINY), SrNet(SrConfig(2, 8, 2)))


def test_branches_learn_and_are_gone_from_the_checkpoint(photos: Path, tmp_path: Path) -> None:
    trained = sr.train(replace(CONFIG, branches=True), photos, tmp_path / "run")
    found = losses(tmp_path / "run")
    assert found[-1] < 0.8 * found[0]
    file = tmp_path / "sr.safetensors"
    checkpoint.save(trained, "sr", file)
    assert open_upscaler(file).config == TINY
    assert trained.measured["parameters"] == sum(p.numel() for p in SrNet(TINY).parameters())


def test_a_student_comes_closer_to_its_teacher(photos: Path, tmp_path: Path) -> None:
    teacher = save_random(tmp_path / "teacher.safetensors", TINY)
    config = replace(CONFIG, loss=NOTHING, distil=1.0)
    trained = sr.train(config, photos, tmp_path / "run", teacher=teacher)
    found = losses(tmp_path / "run")
    assert found[-1] < 0.8 * found[0]
    assert trained.config["teacher"] == checkpoint.identity(teacher)


def test_a_teacher_of_another_scale_is_refused(photos: Path, tmp_path: Path) -> None:
    teacher = save_random(tmp_path / "teacher.safetensors", replace(TINY, scale=3))
    with pytest.raises(ValueError, match=r"enlarges 2 times .* got one for 3"):
        sr.train(replace(CONFIG, distil=1.0), photos, tmp_path / "run", teacher=teacher)


def test_smaller_photos_join_the_photos(photos: Path) -> None:
    files = data.list_photos(photos)[:2]
    sizes = [photo.shape[:2] for photo in load_photos(files, shrunk=True)]
    assert sizes == [(480, 500)] * 2 + [(360, 375), (240, 250)] * 2
    assert len(load_photos(files)) == 2


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_committed_checkpoints_open_whatever_their_size(scale: int) -> None:
    net = open_upscaler(CHECKPOINTS / f"sr-x{scale}.safetensors", scale)
    assert net(torch.rand(1, 3, 8, 9)).shape == (1, 3, 8 * scale, 9 * scale)


def test_options_of_the_command_line_reach_the_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[sr.Config] = []

    def pretend(config: sr.Config, *args: object) -> None:
        asked.append(config)

    monkeypatch.setattr(sr, "train", pretend)
    monkeypatch.setattr(checkpoint, "save", lambda *args, **options: None)
    words = "sr --data photos --out a.safetensors --scale 3 --tier quality --alpha 5 --sigma 2 --branches"
    monkeypatch.setattr("sys.argv", words.split())
    sr.main()
    assert asked[0].network == TIERS[3, "quality"]
    assert (asked[0].loss, asked[0].branches) == (LossWeights(alpha=5, sigma=2), True)
    assert asked[0].distil == 0  # no teacher
    assert asked[0].loop.muon_learning_rate > 0


def test_without_a_tier_the_network_is_as_large_as_the_one_it_starts_from(tmp_path: Path) -> None:
    start = save_random(tmp_path / "start.safetensors", TINY)
    assert sr.network_for(3, None, start) == replace(TINY, scale=3)
    assert sr.network_for(3, "fast", start) == TIERS[3, "fast"]
    assert sr.network_for(3, None, None) == TIERS[3, "base"]


def test_sharpening_brings_features_closer_and_leaves_the_judge_behind(
    photos: Path, squeezenet: Path, tmp_path: Path
) -> None:
    start = save_random(tmp_path / "start.safetensors", TINY)
    features = sr_sharp.Config(
        loss=NOTHING, features=1.0, adversarial=0.0, patch=24, batch=4, loop=replace(SHORT, steps=1)
    )
    before = sr_sharp.train(features, photos, start, squeezenet, tmp_path / "one")
    longer = replace(features, loop=SHORT)
    trained = sr_sharp.train(longer, photos, start, squeezenet, tmp_path / "many")
    name = "held_out_feature_distance"
    assert trained.measured[name] < 0.95 * before.measured[name]
    checkpoint.save(trained, "sr_sharp", tmp_path / "sharp.safetensors")
    assert open_upscaler(tmp_path / "sharp.safetensors").config == TINY


def test_sharpening_with_a_judge_moves_the_network_and_can_be_resumed(
    photos: Path, squeezenet: Path, tmp_path: Path
) -> None:
    start = save_random(tmp_path / "start.safetensors", TINY)
    config = sr_sharp.Config(loss=NOTHING, features=0.0, adversarial=1.0, patch=24, batch=4, loop=SHORT)
    short = replace(config, loop=replace(SHORT, steps=10))
    sr_sharp.train(short, photos, start, squeezenet, tmp_path / "run")
    trained = sr_sharp.train(config, photos, start, squeezenet, tmp_path / "run", resume=True)
    assert trained.progress.step == 60
    moved = trained.net.state_dict()["tail.weight"] - open_upscaler(start).tail.weight
    assert float(moved.abs().max()) > 1e-3
    assert np.isfinite(losses(tmp_path / "run")).all()


def test_of_many_crops_the_one_with_most_detail_is_taken() -> None:
    busy = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    photo = np.hstack([np.full((96, 672, 3), 128, np.uint8), busy])
    (any_crop, _), (chosen, _) = (next(pairs([photo], 2, 16, 16, 1, choices)) for choices in (1, 8))
    detail_of = [batch.std(dim=(1, 2, 3)) > 0.01 for batch in (any_crop, chosen)]
    assert detail_of[0].float().mean() < 0.5 < detail_of[1].float().mean()
