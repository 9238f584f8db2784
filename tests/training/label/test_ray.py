"""Ray does the same work as one process, and survives the loss of a worker."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import label_fakes
import pytest

from nitido.errors import RuntimeUnavailable
from nitido_train.label import label_folder
from nitido_train.label.run import make_plan

PATIENCE = 600.0
"""Seconds until a test gives up waiting for a worker: that many only on a machine that is very busy."""


def test_a_ray_worker_killed_in_the_middle_loses_nothing(config, tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'nitido[scale]'")
    pids = tmp_path / "pids"
    pids.mkdir()
    monkeypatch.setenv(label_fakes.PIDS, str(pids))
    undisturbed = label_folder(config(out=tmp_path / "undisturbed.parquet"))
    slow = config(enhancer="label_fakes:make_slow", engine="ray", workers=2, photos_per_part=1)
    parts = make_plan(slow).folder
    killed = []

    def kill_one() -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not list(parts.glob("*.parquet")):
            time.sleep(0.01)
        killed.append(int(next(pids.iterdir()).name))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    labels = label_folder(slow)
    killer.join()
    workers = {int(file.name) for file in pids.iterdir()}
    assert os.getpid() not in workers
    assert len(workers) >= 3  # two at first, and one instead of the killed one
    assert labels.header == undisturbed.header
    assert labels.samples == undisturbed.samples


def test_without_ray_the_error_says_what_to_install(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RuntimeUnavailable, match=r"nitido\[scale\]"):
        label_folder(config(engine="ray"))
