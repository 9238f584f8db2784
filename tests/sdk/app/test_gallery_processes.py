"""The gallery in several processes: they share the work, and one that is killed loses one photo."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCAN = """
    import os, sys, time
    from pathlib import Path
    from nitido.gallery import Gallery
    from nitido.trigger import Improvability

    folder, index, hang_at, log = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    calls = 0

    class Trigger:
        id = "one"

        def __call__(self, pixels):
            global calls
            calls += 1
            with open(log, "a") as file:
                file.write(f"{pixels[0, 0, 0]}\\n")
            if calls == hang_at:
                print("now", flush=True)
                time.sleep(600)
            time.sleep(0.002)  # or one process is done before the other begins
            score = 1.0 - float(pixels.mean()) / 255
            return Improvability(score, {"denoise": score}, score >= 0.5)

    print("ready", flush=True)
    sys.stdin.readline()
    with Gallery(folder, Trigger(), index=index) as gallery:
        gallery.scan(workers=2)
        print(len(gallery.ranking()))
"""


def start_scan(folder: Path, index: Path, hang_at: int, log: Path) -> subprocess.Popen[bytes]:
    """A process that scans once it is sent a line; what it assesses goes to ``log``."""
    words = [str(folder), str(index), str(hang_at), str(log)]
    command = [sys.executable, "-c", textwrap.dedent(SCAN), *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def go(process: subprocess.Popen[bytes]) -> None:
    """Send the line."""
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


@contextmanager
def hanging_scan(folder: Path, tmp_path: Path, hang_at: int) -> Iterator[None]:
    """In the block a process is in the middle of a scan, within the trigger; at its end it is killed."""
    with start_scan(folder, tmp_path / "index.sqlite", hang_at, tmp_path / "hanging.log") as process:
        try:
            go(process)
            assert process.stdout is not None
            assert process.stdout.readline() == b"now\n"
            yield
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def many(make_photo, tmp_path) -> Path:
    """Forty photos, all different."""
    for level in range(40):
        make_photo(tmp_path / "in" / f"{level}.png", level)
    return tmp_path / "in"


def test_a_killed_scan_loses_only_the_photo_that_it_was_at(many, tmp_path):
    with hanging_scan(many, tmp_path, hang_at=20):
        pass
    second = start_scan(many, tmp_path / "index.sqlite", 0, tmp_path / "second.log")
    go(second)
    assert second.communicate()[0] == b"40\n"
    assert len((tmp_path / "second.log").read_text().split()) == 40 - 19


def test_two_processes_share_the_work_and_both_see_everything(many, tmp_path):
    log = tmp_path / "log"
    scans = [start_scan(many, tmp_path / "index.sqlite", 0, log) for _ in range(2)]
    for scan in scans:
        go(scan)
    assert [scan.communicate()[0] for scan in scans] == [b"40\n", b"40\n"]
    assert [scan.returncode for scan in scans] == [0, 0]
    assert sorted(map(int, log.read_text().split())) == list(range(40))  # each once


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks: there it is done twice")
def test_a_photo_that_another_process_is_at_is_waited_for_until_that_is_killed(many, tmp_path):
    with hanging_scan(many, tmp_path, hang_at=20):
        second = start_scan(many, tmp_path / "index.sqlite", 0, tmp_path / "second.log")
        go(second)
        done = set(map(int, (tmp_path / "hanging.log").read_text().split()))
        log = tmp_path / "second.log"
        # Three photos are with the first process: one in the trigger, two decoded.
        while second.poll() is None and (not log.exists() or len(log.read_text().split()) < 40 - 19 - 3):
            time.sleep(0.01)
        assert second.poll() is None
        assert not done & set(map(int, log.read_text().split()))
    assert second.communicate()[0] == b"40\n"
    assert len(log.read_text().split()) == 40 - 19
