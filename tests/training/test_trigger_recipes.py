"""Triggers learn from labels and students from teachers; labels that teach nothing are refused."""

from __future__ import annotations

import argparse
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nitido.bundle.manifest import View
from nitido.cues import CUES
from nitido.errors import PairMismatch
from nitido_train import checkpoint, data
from nitido_train.errors import TrainingDataError
from nitido_train.label import Labels
from nitido_train.label.store import write_part
from nitido_train.nets.trigger import OUTPUTS, VIEWS, TriggerNet
from nitido_train.recipes import trigger, trigger_lite
from nitido_train.tensors import to_tensor
from nitido_train.trigger import validation
from nitido_train.trigger.gains import Looks, batches, gain_loss, predict, split, spreads, true_gains
from nitido_train.trigger.head import predict_quickly
from nitido_train.trigger.trained import open_trigger


def test_a_trigger_learns_to_foretell_the_gain_of_unseen_photos(trained_trigger: Path) -> None:
    measured = checkpoint.load_provenance(trained_trigger).measured
    assert (
        measured["pearson_joint"] > 0.7
    )  # untrained networks stay below 0.4, this one was seen to reach 0.94
    assert measured["spearman_denoise"] > 0.7
    assert measured["precision_joint"] >= 0.9
    assert measured["clean_left_alone"] >= validation.CLEAN_LEFT_ALONE
    assert "spearman_deblur" not in measured  # all its labels are equal: undefined
    assert measured["threshold_deblur"] == 9.0


def test_its_history_names_enhancer_view_precision_and_labels(
    trained_trigger: Path, labels: Labels, tiny: trigger.Config
) -> None:
    opened = open_trigger(trained_trigger)
    assert (opened.view, opened.precision) == (tiny.view, tiny.precision)
    assert opened.enhancers == {"restore": labels.ids.enhancer, "upscale": labels.ids.upscaler}
    assert opened.provenance.config["labels"]["content_hash"] == labels.header.content_hash
    assert opened.provenance.data["photos"] == len({s.photo for s in split(labels.samples)[0]})


def test_another_enhancers_trigger_is_a_start_that_knows_much_already(
    trained_trigger: Path, tiny: trigger.Config, labels: Labels, noisy_photos: Path, tmp_path: Path
) -> None:
    longer = tuple(replace(s, gains={name: 2 * v for name, v in s.gains.items()}) for s in labels.samples)
    short = replace(
        tiny, loop=replace(tiny.loop, steps=20, learning_rate=1e-4), head=replace(tiny.head, steps=0)
    )
    trained = trigger.train(short, replace(labels, samples=longer), noisy_photos, tmp_path, trained_trigger)
    assert trained.measured["pearson_joint"] > 0.7  # 20 such steps from nothing stay below 0.4
    assert trained.config["warm_start"] == checkpoint.identity(trained_trigger)


def test_training_and_validation_share_no_photo(labels: Labels) -> None:
    training, held_out = split(labels.samples)
    assert len(training) + len(held_out) == len(labels.samples)
    assert not {s.photo for s in training} & {s.photo for s in held_out}
    assert all(data.is_held_out(Path(s.photo)) for s in held_out)


def test_a_batch_holds_whole_views_with_the_gains_of_their_photos(
    labels: Labels, noisy_photos: Path, tiny: trigger.Config
) -> None:
    truth = true_gains(labels.samples)
    assert truth.shape == (len(labels.samples), len(OUTPUTS))
    images, cues, targets = next(
        batches(Looks(labels.samples, noisy_photos, tiny.view, None), truth, 8, seed=1)
    )
    assert images.shape == (8, 3, tiny.view.size, tiny.view.size)
    for image, measured, target in zip(images, cues, targets, strict=True):
        same = [s for s in labels.samples if s.gains["denoise"] == pytest.approx(float(target[2]))]
        views, numbers = zip(*Looks(same, noisy_photos, tiny.view, None), strict=True)
        assert any(np.array_equal(measured.numpy(), number) for number in numbers)
        seen = to_tensor(views)
        turns = [torch.rot90(m, k, (1, 2)) for m in (image, image.flip(2)) for k in range(4)]
        distance = min(float((seen - turn).abs().mean((1, 2, 3)).min()) for turn in turns)
        assert distance == 0.0


def test_the_joint_gain_weighs_twice() -> None:
    class Fixed(nn.Module):
        def forward(self, image: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
            return image

    def loss_of(output: int) -> float:
        wrong = torch.zeros(1, len(OUTPUTS))
        wrong[0, output] = 3.0
        value: torch.Tensor = gain_loss(Fixed(), (wrong, wrong, 0 * wrong))  # type: ignore[arg-type]
        return float(value)

    assert loss_of(0) == pytest.approx(2 * loss_of(1))


def test_calibration_changes_the_network_and_its_predictions_alike(
    trained_trigger: Path, labels: Labels, noisy_photos: Path
) -> None:
    opened = open_trigger(trained_trigger)
    samples = labels.samples[:12]
    truth = 2 * true_gains(samples) + 0.5
    before = predict(opened.net, Looks(samples, noisy_photos, opened.view, None))
    claimed = validation.calibrate(opened.net, before, truth)
    after = predict(opened.net, Looks(samples, noisy_photos, opened.view, None))
    assert after == pytest.approx(claimed, abs=1e-4)  # float32, folded in another order
    assert after.mean(0) == pytest.approx(truth.mean(0), abs=1e-4)


def test_a_student_learns_from_labels_and_teacher(
    trained_trigger: Path, labels: Labels, noisy_photos: Path, tiny: trigger.Config, tmp_path: Path
) -> None:
    teacher = open_trigger(trained_trigger)
    config = trigger_lite.Config(tiny.network, tiny.view, batch=16, head=tiny.head, loop=tiny.loop)
    trained = trigger_lite.train(config, labels, noisy_photos, teacher, tmp_path / "run")
    checkpoint.save(trained, "trigger_lite", tmp_path / "trigger-lite.safetensors")
    student = open_trigger(tmp_path / "trigger-lite.safetensors")
    assert student.provenance.measured["pearson_joint"] > 0.7  # as for the teacher
    assert student.enhancers == teacher.enhancers
    assert student.provenance.config["teacher"] == teacher.id


def test_what_a_student_learns_lies_between_label_and_teacher(
    trained_trigger: Path,
    labels: Labels,
    noisy_photos: Path,
    tiny: trigger.Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stop(Exception):
        pass

    taught: list[np.ndarray] = []

    def spy(samples: object, targets: np.ndarray, *rest: object) -> None:
        taught.append(targets)
        raise Stop

    monkeypatch.setattr(trigger_lite, "batches", spy)
    teacher = open_trigger(trained_trigger)
    config = trigger_lite.Config(tiny.network, tiny.view, teaching=0.25, loop=tiny.loop)
    with pytest.raises(Stop):
        trigger_lite.train(config, labels, noisy_photos, teacher, tmp_path / "run")
    training = split(labels.samples)[0]
    # How far it is from ``predict`` depends on how a processor rounds to bf16; the mixture is exact.
    guess = predict_quickly(teacher.net, Looks(training, noisy_photos, teacher.view, teacher.net.estimator))
    exact = predict(teacher.net, Looks(training, noisy_photos, teacher.view, None))
    assert np.abs(guess - exact).mean() < 0.02
    expected = 0.25 * guess + 0.75 * true_gains(training)
    assert taught[0] * spreads(expected) == pytest.approx(expected, abs=1e-4)


def test_the_student_keeps_within_half_a_million_parameters_and_a_fifth_of_the_teachers_work() -> None:
    small, full = trigger_lite.Config(), trigger.Config()
    net = TriggerNet(small.network)
    assert sum(p.numel() for p in net.parameters()) <= 500_000
    assert sum(p.numel() for p in net.last.parameters()) < 120
    work = multiplications(TriggerNet(full.network), full.view.size)
    assert multiplications(net, small.view.size) < 0.2 * work


def multiplications(net: TriggerNet, side: int) -> int:
    counts = []

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        counts.append(output.numel() * layer.weight[0].numel())

    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        net(torch.zeros(1, 3, side, side), torch.zeros(1, len(CUES)))
    return sum(counts)


def test_equal_labels_are_refused(labels: Labels) -> None:
    same = [replace(s, gains=dict.fromkeys(OUTPUTS, 0.25)) for s in labels.samples]
    with pytest.raises(TrainingDataError, match=r"expected gains that differ, got 0.25 for all"):
        split(same)


@pytest.mark.parametrize("held_out", [True, False])
def test_labels_of_one_side_of_the_split_only_are_refused(labels: Labels, held_out: bool) -> None:
    part = [s for s in labels.samples if data.is_held_out(Path(s.photo)) == held_out]
    with pytest.raises(TrainingDataError, match=r"--split all"):
        split(part)


def test_a_photo_that_changed_since_it_was_labelled_stops_training(
    labels: Labels, noisy_photos: Path, tiny: trigger.Config, tmp_path: Path
) -> None:
    changed = [replace(s, photo_hash="0" * 16) for s in labels.samples]
    with pytest.raises(TrainingDataError, match="to be the photo that was labelled"):
        trigger.train(tiny, replace(labels, samples=tuple(changed)), noisy_photos, tmp_path)


def test_only_a_triggers_checkpoint_is_opened_as_one(trained_trigger: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="train it with"):
        open_trigger(tmp_path / "none.safetensors")
    text = trained_trigger.with_suffix(".json").read_text()
    for old, new, problem in (
        ('"recipe": "trigger"', '"recipe": "sr"', "got one of sr"),
        ('"view"', '"look"', "got no 'view'"),
        ('"precision"', '"care"', "got no 'precision'"),
    ):
        (tmp_path / "trigger.json").write_text(text.replace(old, new))
        with pytest.raises(TrainingDataError, match=problem):
            open_trigger(tmp_path / "trigger.safetensors")


def test_views_are_chosen_by_name_or_by_numbers() -> None:
    assert trigger.view_of("both") == VIEWS["both"]
    assert trigger.view_of("90/30/8/1") == View(90, 30, 8, 1)
    for text in ("best", "90/30/8", "a/b/c/d"):
        with pytest.raises(
            argparse.ArgumentTypeError, match="expected crops, whole, both or SIZE/CROP/COUNT/WHOLE"
        ):
            trigger.view_of(text)


def test_the_named_views_all_fill_the_networks_input() -> None:
    for view in VIEWS.values():
        assert view.size == 448
        assert (view.size // view.crop) ** 2 == view.count + view.whole


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, main: object, *arguments: object) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["recipe", *map(str, arguments)])
    main()  # type: ignore[operator]


def test_a_student_refuses_labels_of_another_enhancer_than_its_teachers(
    trained_trigger: Path, noisy_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {"schema": 1, "enhancer": "f" * 16, "upscaler": "u", "scorer": None}
    write_part(tmp_path / "labels.parquet", [], others, {})
    arguments = (
        "--data",
        noisy_photos,
        "--labels",
        tmp_path / "labels.parquet",
        "--teacher",
        trained_trigger,
    )
    with pytest.raises(PairMismatch, match="e" * 16):
        run(monkeypatch, tmp_path, trigger_lite.main, *arguments, "--out", tmp_path / "lite.safetensors")
    assert list(tmp_path.glob("*.safetensors")) == []


def test_an_empty_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    arguments = ("--data", tmp_path / "photos", "--enhancer", "restore", "--out", tmp_path / "t.safetensors")
    with pytest.raises(TrainingDataError, match="found none"):
        run(monkeypatch, tmp_path, trigger.main, *arguments)


ENHANCER = '''
"""Someone else's enhancer: it smooths, and enlarges by repeating pixels."""
import numpy as np

class Smoother:
    id = "smoother 1"
    upscaler_id = "repeat 1"

    def __call__(self, pixels):
        calm = (pixels.astype(int) * 2 + np.roll(pixels, 1, 0) + np.roll(pixels, 1, 1)) // 4
        return {"joint": calm.astype(np.uint8), "denoise": calm.astype(np.uint8)}

    def upscaled(self, pixels):
        return pixels.repeat(2, 0).repeat(2, 1)
'''


def test_one_command_labels_and_trains_for_someone_elses_enhancer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "someones.py").write_text(ENHANCER)
    monkeypatch.syspath_prepend(str(tmp_path))
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    held_out = itertools.islice(
        (f"{i}.png" for i in itertools.count() if data.is_held_out(Path(f"{i}.png"))), 3
    )
    for name in (*held_out, "a.png", "b.png", "c.png"):
        pixels = rng.integers(0, 256, (330, 340, 3), dtype=np.uint8)
        data.Image.fromarray(pixels).save(photos / name)
    arguments = ("--data", photos, "--enhancer", "someones:Smoother", "--samples-per-photo", 2, "--steps", 2)
    arguments += ("--view", "32/16/4/0", "--batch", 2, "--head-steps", 2)
    out = tmp_path / "mine.safetensors"
    run(
        monkeypatch,
        tmp_path,
        trigger.main,
        *arguments,
        "--view",
        "32/16/4/0",
        "--batch",
        2,
        "--head-steps",
        2,
        "--out",
        out,
    )
    assert open_trigger(out).enhancers == {"restore": "smoother 1", "upscale": "repeat 1"}
    assert (tmp_path / "runs" / "mine" / "labels.parquet").is_file()
