"""Ratings move the last layer only, and the score stays a gain; oracle ratings say what they are."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nitido_train import checkpoint, data
from nitido_train.errors import TrainingDataError
from nitido_train.label import Labels, pixels_of
from nitido_train.label.samples import crop_of
from nitido_train.nets.trigger import TriggerConfig, TriggerNet
from nitido_train.opinion.pseudo import quality
from nitido_train.recipes.trigger_finetune import Config, fit_last_layer, train
from nitido_train.trigger import oracle
from nitido_train.trigger.decisions import average_precision
from nitido_train.trigger.gains import split
from nitido_train.trigger.ratings import CUTS, Rating, rating_of, read_ratings
from nitido_train.trigger.trained import open_trigger


@pytest.fixture(scope="module")
def rated(noisy_photos: Path, labels: Labels, tmp_path_factory: pytest.TempPathFactory) -> list[Rating]:
    """All labelled photos, each its own group, rated by their gain."""
    folder = tmp_path_factory.mktemp("rated")
    ratings = []
    for index, sample in enumerate(labels.samples):
        file = folder / f"{index}.png"
        Image.fromarray(pixels_of(sample, noisy_photos)).save(file)
        ratings.append(Rating(file, None, rating_of(sample.gains["joint"]), str(index), "oracle"))
    return ratings


def net_of(hidden: int = 16) -> TriggerNet:
    torch.manual_seed(0)
    return TriggerNet(TriggerConfig(hidden=hidden, width=0.1))


def test_ratings_teach_an_order_that_the_base_did_not_know() -> None:
    rng = torch.Generator().manual_seed(3)
    features = torch.rand(1000, 16, generator=rng)
    opinion = features @ torch.randn(16, generator=rng)
    opinion -= opinion.median()
    levels = torch.tensor([rating_of(float(v)) for v in opinion])
    net = net_of()

    def area() -> float:
        with torch.inference_mode():
            return average_precision(net.last(features)[200:, 0].numpy(), (levels >= 1).numpy()[200:])

    before = area()
    fit_last_layer(
        net, features[:200], levels[:200], Config(anchor=1e-4)
    )  # nothing of the base is worth keeping
    assert before < 0.6
    assert area() > 0.95


def test_the_score_stays_a_gain_that_is_cut_into_ratings() -> None:
    features = torch.rand(400, 16, generator=torch.Generator().manual_seed(1))
    gain = 3 * features[:, 0] - 1
    net = net_of()
    fit_last_layer(net, features, torch.tensor([rating_of(float(g)) for g in gain]), Config(anchor=1e-4))
    with torch.inference_mode():
        scores = net.last(features)[:, 0]
    for cut in CUTS.values():  # logistic steps blur the cuts: a few photos beside one fall on its other side
        assert float(((scores >= cut) == (gain >= cut)).float().mean()) > 0.95


def test_only_the_last_layer_moves_and_of_it_only_the_joint_gain(
    trained_trigger: Path, rated: list[Rating]
) -> None:
    base = open_trigger(trained_trigger)
    before = copy.deepcopy(base.net.state_dict())
    after = train(Config(), base, rated).net.state_dict()
    moved = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    assert moved == ["last.weight", "last.bias"]
    for name in moved:
        assert torch.equal(before[name][1:], after[name][1:])
        assert not torch.equal(before[name][0], after[name][0])
    assert all(torch.equal(tensor, base.net.state_dict()[name]) for name, tensor in before.items())


def test_a_last_layer_that_is_too_large_is_never_trained() -> None:
    net = net_of(hidden=20)
    with pytest.raises(AssertionError, match="126 parameters"):
        fit_last_layer(net, torch.rand(4, 20), torch.tensor([0, 1, 2, -1]), Config())


def test_a_firm_anchor_keeps_the_base() -> None:
    features = torch.rand(50, 16, generator=torch.Generator().manual_seed(2))
    levels = torch.tensor([index % 4 - 1 for index in range(50)])
    moves = []
    for anchor in (0.0, 0.01, 1000.0):
        net = net_of()
        start = net.last.weight.detach().clone()
        fit_last_layer(net, features, levels, Config(anchor=anchor))
        moves.append(float((net.last.weight.detach() - start).norm()))
    assert moves[0] > moves[1] > moves[2]
    assert moves[2] < 0.01 * moves[0]


def test_the_checkpoint_says_what_was_tuned_on_what(
    trained_trigger: Path, rated: list[Rating], tmp_path: Path
) -> None:
    base = open_trigger(trained_trigger)
    checkpoint.save(train(Config(), base, rated), "trigger_finetune", tmp_path / "tuned.safetensors")
    tuned = open_trigger(tmp_path / "tuned.safetensors")
    config, measured = tuned.provenance.config, tuned.provenance.measured
    assert (config["base"], config["raters"]) == (base.id, {"oracle": len(rated)})
    assert (tuned.enhancers, tuned.view, tuned.precision) == (base.enhancers, base.view, base.precision)
    assert tuned.id != base.id
    held_out = [r for r in rated if r.is_held_out]
    assert measured["ratings_held_out"] == len(held_out)
    assert measured["better_share"] == pytest.approx(np.mean([r.rating >= 1 for r in held_out]), abs=1e-4)
    assert measured["auc_pr"] > measured["better_share"]  # what guessing would reach
    assert measured["threshold_denoise"] == base.provenance.measured["threshold_denoise"]
    assert tuned.provenance.data["digest"] == data.digest([r.photo for r in rated if not r.is_held_out])


def test_nothing_held_out_is_fitted_to(trained_trigger: Path, rated: list[Rating]) -> None:
    base = open_trigger(trained_trigger)
    flipped = [
        Rating(r.photo, None, 2 if r.rating < 1 else -1, r.group, r.rater) if r.is_held_out else r
        for r in rated
    ]
    one, other = (train(Config(), base, ratings) for ratings in (rated, flipped))
    assert torch.equal(one.net.state_dict()["last.weight"], other.net.state_dict()["last.weight"])
    assert one.measured["threshold"] == other.measured["threshold"]
    assert one.measured["auc_pr"] != other.measured["auc_pr"]


@pytest.mark.parametrize("held_out", [True, False])
def test_equal_ratings_of_a_part_are_refused(
    trained_trigger: Path, rated: list[Rating], held_out: bool
) -> None:
    equal = [Rating(r.photo, None, 2, r.group) if r.is_held_out == held_out else r for r in rated]
    part = "held out" if held_out else "to fit"
    with pytest.raises(TrainingDataError, match=f"expected ratings below 1 and others among those {part}"):
        train(Config(), open_trigger(trained_trigger), equal)


def brighter(pixels: np.ndarray) -> np.ndarray:
    return pixels + np.uint8(1)


def test_the_oracle_rates_held_out_photos_by_their_truth_and_signs_its_name(
    labels: Labels, noisy_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracle, "structural_quality", quality)  # MS-SSIM needs larger photos
    made = oracle.write_oracle(labels.samples, noisy_photos, tmp_path / "oracle", brighter)
    read = read_ratings(tmp_path / "oracle" / "ratings.csv")
    held_out = split(labels.samples)[1]
    assert read == made
    assert {r.rater for r in read} == {"oracle"}
    for rating, sample in zip(read, held_out, strict=True):
        pixels = pixels_of(sample, noisy_photos)
        pristine = crop_of(sample, data.load_rgb(noisy_photos / sample.photo))
        assert rating.group == sample.photo
        assert np.array_equal(data.load_rgb(rating.photo), pixels)
        assert rating.enhanced is not None
        assert np.array_equal(data.load_rgb(rating.enhanced), brighter(pixels))
        assert rating.rating == rating_of(quality(brighter(pixels), pristine) - quality(pixels, pristine))


def test_an_oracle_prefers_structure_to_smoothness() -> None:
    rng = np.random.default_rng(0)
    pristine = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    noisy = np.clip(pristine + 20 * rng.standard_normal(pristine.shape), 0, 255).astype(np.uint8)
    assert oracle.rate(noisy, pristine, pristine) == 2
    assert oracle.rate(pristine, pristine, pristine) == 0
    assert oracle.rate(noisy, np.full_like(pristine, 128), pristine) == -1


def test_an_oracle_without_truth_about_unseen_photos_is_refused(
    labels: Labels, noisy_photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingDataError, match="--split held-out"):
        oracle.write_oracle(split(labels.samples)[0], noisy_photos, tmp_path / "oracle", brighter)
    assert not (tmp_path / "oracle").exists()
