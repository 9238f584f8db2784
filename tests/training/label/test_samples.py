"""Samples are the same whoever plans them, and their pixels can be made again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nitido_train import data
from nitido_train.degrade import FACTORS, Degradation, random_degradation
from nitido_train.errors import TrainingDataError
from nitido_train.label import LabelConfig, label_folder, pixels_of
from nitido_train.label import photos as kept
from nitido_train.label.samples import (
    Sample,
    degradation_from_text,
    degradation_to_text,
    plan_samples,
)

PHOTO = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)


def plan(photo="a.png", photo_hash="0" * 16, pixels=PHOTO, **options) -> list[Sample]:
    config = LabelConfig(photos=Path(), out=Path("x"), **{"side": 32, "samples_per_photo": 3, **options})
    return plan_samples(photo, photo_hash, pixels, config)


def test_samples_follow_from_seed_name_and_contents_alone() -> None:
    assert plan() == plan(workers=2, engine="ray", enhancer="other", photos_per_part=3)
    assert plan() != plan(seed=1)
    assert [s.seed for s in plan()] != [s.seed for s in plan(photo="b.png")]
    assert [s.seed for s in plan()] != [s.seed for s in plan(photo_hash="1" * 16)]


def test_more_samples_of_a_photo_keep_the_first_ones() -> None:
    assert plan(samples_per_photo=8)[:3] == plan(samples_per_photo=3)


def test_crops_lie_inside_and_reach_every_corner() -> None:
    samples = plan(pixels=PHOTO[:34, :33], samples_per_photo=60)
    assert {s.top for s in samples} == {0, 1, 2}
    assert {s.left for s in samples} == {0, 1}


def test_photos_smaller_than_a_crop_have_no_samples() -> None:
    assert plan(pixels=PHOTO[:31]) == []
    assert len(plan(pixels=PHOTO[:32])) == 3


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_asked_share_is_clean_and_all_others_are_degraded(share: float) -> None:
    samples = plan(samples_per_photo=400, clean=share)
    # standard deviation of a share of 400 is 0.025 at most: four of them
    assert np.mean([s.clean for s in samples]) == pytest.approx(share, abs=0.1)
    assert all(s.clean == s.degradation.is_clean for s in samples)


def test_photos_as_they_are_keep_their_orientation_and_jpeg_grid_and_are_not_called_clean() -> None:
    samples = plan(as_is=True, scorer="any", samples_per_photo=50)
    assert {s.top % 8 for s in samples} == {s.left % 8 for s in samples} == {0}
    assert {s.symmetry for s in samples} == {0}
    assert not any(s.clean or s.has_pristine for s in samples)
    assert {s.degradation for s in samples} == {Degradation()}


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_a_degradation_survives_as_text(seed: int) -> None:
    degradation = random_degradation(np.random.default_rng(seed))
    assert degradation_from_text(degradation_to_text(degradation)) == degradation


def test_pixels_are_made_again_bit_for_bit(config, photos: Path) -> None:
    import label_fakes

    label_fakes.SEEN.clear()
    labels = label_folder(config(samples_per_photo=6, clean=0.2))
    made = [pixels_of(sample, photos).tobytes() for sample in labels.samples]
    assert sorted(made) == sorted(label_fakes.SEEN)
    assert len(set(made)) == len(made) == 72


def test_a_photo_that_has_changed_since_is_refused(config, photos: Path, tmp_path: Path) -> None:
    sample = label_folder(config()).samples[0]
    folder = tmp_path / "copy"
    shutil.copytree(photos, folder)
    pixels_of(sample, folder)
    with pytest.raises(TrainingDataError, match="another file"):
        pixels_of(replace(sample, photo_hash="0" * 16), folder)
    with pytest.raises(TrainingDataError, match="no file"):
        pixels_of(replace(sample, photo="gone.png"), folder)


def test_a_photo_is_decoded_once_for_many_samples(config, photos: Path, monkeypatch) -> None:
    samples = label_folder(config(samples_per_photo=4)).samples
    decodings = []
    load = data.load_rgb
    monkeypatch.setattr(data, "load_rgb", lambda file: decodings.append(1) or load(file))
    monkeypatch.setattr(kept, "_cache", type(kept._cache)())
    for sample in samples:
        pixels_of(sample, photos)
    assert len(decodings) == 12


def test_memory_for_decoded_photos_is_bounded(config, photos: Path, monkeypatch) -> None:
    samples = label_folder(config()).samples
    monkeypatch.setattr(kept, "CACHE_BYTES", 3 * 48 * 40 * 3)
    monkeypatch.setattr(kept, "_cache", type(kept._cache)())
    for sample in samples:
        pixels_of(sample, photos)
    assert len(kept._cache) == 3


def test_half_of_the_degraded_have_one_damage_each_kind_as_often_and_others_by_chance() -> None:
    damages = [s.degradation for s in plan(samples_per_photo=600, clean=0.0)]
    alone = [damage for damage in damages if len(damage.factors) == 1]
    # a half, and of the rest the 72 % that random damages have one of; 0.05 is 3.5 deviations
    assert len(alone) / len(damages) == pytest.approx(0.5 + 0.5 * 0.72, abs=0.05)
    for factor in FACTORS:
        share = np.mean([damage.factors == {factor} for damage in damages])
        assert share > 0.125 - 0.03
