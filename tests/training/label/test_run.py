"""Whoever does the work, and however often it is interrupted, the labels are the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import label_fakes
import pytest

from nitido.errors import InvalidOption, PairMismatch
from nitido_train import data
from nitido_train.errors import TrainingDataError
from nitido_train.label import label_folder, read_labels
from nitido_train.label.__main__ import main
from nitido_train.label.plan import Ids
from nitido_train.label.run import begin, make_plan
from nitido_train.label.work import Labeller

PATIENCE = 600.0
"""Seconds until a test gives up waiting for another process: so many only where a machine is very busy."""


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder with a file per process that works slowly."""
    folder = tmp_path / "pids"
    folder.mkdir()
    monkeypatch.setenv(label_fakes.PIDS, str(folder))
    return folder


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def finished(folder: Path) -> int:
    return len(list(folder.glob("*.parquet")))


def test_workers_and_parts_do_not_matter_to_the_table(config, tmp_path: Path) -> None:
    one = label_folder(config())
    two = label_folder(config(workers=2, photos_per_part=5, out=tmp_path / "two.parquet"))
    assert one.header == two.header
    assert one.samples == two.samples  # in the same order too
    assert not (tmp_path / "labels.parquet.parts").exists()


def test_a_run_killed_outright_goes_on_and_ends_with_the_same_table(config, pids, tmp_path) -> None:
    undisturbed = label_folder(config(out=tmp_path / "undisturbed.parquet"))
    begun = config(enhancer="label_fakes:make_slow", workers=2)
    words = "--enhancer label_fakes:make_slow --scorer label_fakes:make_calm --side 32 --samples-per-photo 2"
    words += " --split all --photos-per-part 2 --seed 5 --workers 2"
    command = [sys.executable, "-m", "nitido_train.label", "--photos", begun.photos, "-o", begun.out]
    path = os.pathsep.join([str(Path(label_fakes.__file__).parent), *sys.path])
    run = subprocess.Popen([*command, *words.split()], env={**os.environ, "PYTHONPATH": path})
    parts = make_plan(begun).folder
    wait_for(lambda: finished(parts) >= 2)
    run.kill()
    run.wait()
    wait_for(lambda: not any(is_alive(int(file.name)) for file in pids.iterdir()))  # no worker is left over
    before = finished(parts)
    assert 2 <= before < 6
    steps = []
    labels = label_folder(begun, steps.append)
    assert steps[0].parts == before + 1  # what was done is not done again
    assert steps[-1].rows == 2 * 2 * 6 * (6 - before)
    assert labels.header == undisturbed.header
    assert labels.samples == undisturbed.samples


def test_a_killed_worker_ends_the_run_with_a_way_on(config, pids, tmp_path) -> None:
    undisturbed = label_folder(config(out=tmp_path / "undisturbed.parquet"))
    slow = config(enhancer="label_fakes:make_slow", workers=2)

    def kill_one() -> None:
        wait_for(lambda: finished(make_plan(slow).folder) >= 1)
        os.kill(int(next(pids.iterdir()).name), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with pytest.raises(TrainingDataError, match="same command goes on"):
        label_folder(slow)
    killer.join()
    assert label_folder(slow).header == undisturbed.header


def test_an_unfinished_run_with_other_options_is_refused_and_left_alone(config) -> None:
    plan = make_plan(config())
    begin(plan)
    Labeller(plan)(3)
    kept = plan.file(3).read_bytes()
    for options, difference in (
        ({"seed": 6}, "seed 6, got 5"),
        ({"enhancer": "label_fakes:make_other"}, "enhancer smoother-2, got smoother-1"),
        ({"scorer": None}, "scorer None, got calm-1"),
        ({"photos_per_part": 3}, "photos_per_part 3, got 2"),
        ({"split": "train"}, "got 12 named"),
    ):
        with pytest.raises(TrainingDataError, match=f"{difference}.* delete it to start anew"):
            label_folder(config(**options))
    assert plan.file(3).read_bytes() == kept
    shutil.rmtree(plan.folder)
    label_folder(config(seed=6))


def test_finished_labels_are_read_again_and_never_overwritten(config) -> None:
    first = label_folder(config())
    written = config().out.read_bytes()
    steps = []
    assert label_folder(config(workers=2, photos_per_part=7), steps.append).header == first.header
    assert steps == []
    begin(make_plan(config()))  # as a run leaves it that is killed after joining the parts
    assert label_folder(config()).header == first.header
    assert not make_plan(config()).folder.exists()
    with pytest.raises(TrainingDataError, match="seed 6, got 5"):
        label_folder(config(seed=6))
    with pytest.raises(TrainingDataError, match="smoother-2"):
        label_folder(config(enhancer="label_fakes:make_other"))
    assert config().out.read_bytes() == written


def test_a_worker_with_other_models_is_refused(config) -> None:
    plan = make_plan(config())
    elsewhere = type(plan)(plan.config, plan.photos, Ids("smoother-9", "nearest-1", "calm-1"))
    with pytest.raises(PairMismatch, match=r"smoother-9.*got.*smoother-1"):
        Labeller(elsewhere)


def test_photos_without_labels_are_named_and_cost_nobody_else(config, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    shutil.copytree(photos, folder)
    (folder / "broken.jpg").write_bytes((folder / "photo5.png").read_bytes()[:200])
    (folder / "text.png").write_text("no photo")
    plan = make_plan(config())
    labels = label_folder(type(plan.config)(**{**vars(plan.config), "photos": folder}))
    assert dict(labels.header.left_out) == dict.fromkeys(("broken.jpg", "text.png"), "damaged, or no photo")
    assert labels.samples == label_folder(config(out=tmp_path / "whole.parquet")).samples


def test_training_and_held_out_photos_are_labelled_apart(config, tmp_path: Path) -> None:
    labelled = {}
    for split in ("train", "held-out", "all"):
        made = label_folder(config(split=split, out=tmp_path / f"{split}.parquet"))
        labelled[split] = {sample.photo for sample in made.samples}
    assert {photo for photo in labelled["all"] if data.is_held_out(Path(photo))} == labelled["held-out"]
    assert labelled["train"] | labelled["held-out"] == labelled["all"]
    assert labelled["train"]
    assert labelled["held-out"]


def test_folders_without_photos_and_splits_without_any_are_errors(config, tmp_path: Path) -> None:
    plan = make_plan(config())
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingDataError, match="found none"):
        label_folder(type(plan.config)(**{**vars(plan.config), "photos": tmp_path / "empty"}))
    photo = next(p for p in sorted(plan.photos) if not data.is_held_out(Path(p)))
    shutil.copy(plan.config.photos / photo, tmp_path / "empty")
    with pytest.raises(TrainingDataError, match="--split all"):
        label_folder(
            type(plan.config)(**{**vars(plan.config), "photos": tmp_path / "empty", "split": "held-out"})
        )


@pytest.mark.parametrize(
    "options",
    [
        {"side": 33},
        {"side": 16},
        {"clean": 1.5},
        {"workers": 0},
        {"samples_per_photo": 0},
        {"photos_per_part": 0},
        {"as_is": True, "scorer": None},
    ],
)
def test_options_out_of_range_are_refused_before_any_work(config, options) -> None:
    with pytest.raises(InvalidOption):
        config(**options)


def test_the_command_line_says_rows_a_second_and_the_hash(config, capsys) -> None:
    made = config()
    words = ["--photos", str(made.photos), "-o", str(made.out), "--enhancer", "label_fakes:make"]
    words += ["--side", "32", "--split", "all"]
    assert main(words) == 0
    labels = read_labels(made.out)
    out, err = capsys.readouterr()
    assert "72 rows of 12 samples" in out
    assert "rows/s" in out
    assert labels.header.content_hash in out
    assert "1 of 1 parts" in err
    assert main([*words, "--seed", "1"]) == 1
    assert "seed 1, got 0" in capsys.readouterr().err
    assert main([*words, "--as-is"]) == 1
    assert "--scorer" in capsys.readouterr().err
