"""Frames become the targets' sizes, the state goes from frame to frame, and bad input is told."""

from __future__ import annotations

import numpy as np
import pytest

from nitido import VideoUpscaler
from nitido.clips import Planes
from nitido.errors import GoldenMismatch, InvalidOption
from nitido.video.paths import choose

from .conftest import GAIN, TASK, MakeUpscaler, Sessions


def grey(height: int, width: int, level: int = 80) -> Planes:
    half = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    return Planes(np.full((height, width), level, np.uint8), half, half.copy())


@pytest.mark.parametrize(
    ("size", "target", "source", "decoder", "result"),
    [
        ((180, 320), 360, 180, 360, (360, 640)),
        ((180, 320), 1080, 180, 1080, (1080, 1920)),
        ((360, 640), 720, 360, 720, (720, 1280)),
        ((720, 1280), 1080, 720, 1080, (1080, 1920)),
        ((1280, 720), 1080, 720, 1080, (1920, 1080)),  # portrait
        ((240, 320), 720, 360, 1080, (720, 960)),  # 4:3
        ((480, 854), 720, 720, 1080, (720, 1280)),
        ((540, 960), 720, 720, 1080, (720, 1280)),  # 1.33 times: the network makes 1.5
        ((181, 321), 720, 180, 720, (720, 1276)),
        ((539, 719), 1080, 360, 1080, (1080, 1440)),
    ],
)
def test_the_path_that_enlarges_least_is_taken(
    size: tuple[int, int], target: int, source: int, decoder: int, result: tuple[int, int]
) -> None:
    path = choose(TASK, *size, (target,))[target]
    needed = target / min(size)
    made = TASK.cells[str(path.target)] / TASK.cells[str(path.source)]
    assert path.size == result
    assert made >= needed * (1 - 1e-6)
    assert made <= TASK.cells[str(decoder)] / TASK.cells[str(source)] + 1e-6


@pytest.mark.parametrize("size", [(180, 320), (97, 131), (320, 180), (100, 100), (1, 7)])
def test_results_have_the_size_and_the_kind_of_the_frame(
    make_upscaler: MakeUpscaler, size: tuple[int, int]
) -> None:
    target = 3 * min(size) + (1 if min(size) == 1 else 0)
    upscaler = make_upscaler(target)
    planes = upscaler(grey(*size))
    assert min(planes.width, planes.height) == 2 * round(target / 2)
    assert np.array_equal(planes.y, np.full_like(planes.y, 80))
    pixels = np.full((*size, 3), (200, 90, 40), np.uint8)
    upscaler.reset()
    made = upscaler(pixels)
    assert made.shape == (planes.height, planes.width, 3)
    assert np.abs(made.astype(int) - pixels[0, 0]).max() <= 3  # to YUV and back


@pytest.mark.parametrize("halves", [set(), {"body"}, {"body", "draw"}, {"see"}])
def test_graphs_of_other_floats_are_joined(
    make_upscaler: MakeUpscaler, sessions: Sessions, halves: set[str]
) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 18, 32, 3), dtype=np.uint8)
    exact = make_upscaler(72)
    expected = [exact(frame) for frame in frames]
    sessions.halves = halves
    mixed = make_upscaler(72)
    for frame, wanted in zip(frames, expected, strict=True):
        assert np.abs(mixed(frame).astype(int) - wanted).max() <= 1
    assert mixed.state is not None
    assert mixed.state.dtype == np.float32


def test_several_targets_come_from_one_pass(make_upscaler: MakeUpscaler, sessions: Sessions) -> None:
    made = make_upscaler(360, 720, 1080)(grey(180, 320))
    assert {target: (f.height, f.width) for target, f in made.items()} == {
        360: (360, 640),
        720: (720, 1280),
        1080: (1080, 1920),
    }
    assert sessions.ran == {"see-180": 1, "body": 1, "draw-180-360": 1, "draw-180-720": 1, "draw-180-1080": 1}


def test_what_is_beyond_the_target_does_not_run(make_upscaler: MakeUpscaler, sessions: Sessions) -> None:
    make_upscaler(360)(grey(180, 320))
    assert sessions.ran == {"see-180": 1, "body": 1, "draw-180-360": 1}


def test_the_second_frame_knows_the_first_until_reset(make_upscaler: MakeUpscaler) -> None:
    upscaler = make_upscaler(360)
    first, second = upscaler(grey(180, 320)), upscaler(grey(180, 320))
    assert first.y[0, 0] == 80
    assert second.y[0, 0] == round(80 + GAIN * 40)
    upscaler.reset()
    assert upscaler(grey(180, 320)).y[0, 0] == 80


def test_a_frame_of_another_size_goes_on_without_a_glitch(make_upscaler: MakeUpscaler) -> None:
    upscaler = make_upscaler(1080)
    upscaler(grey(180, 320))
    assert upscaler(grey(720, 1280)).y[0, 0] == round(80 + GAIN * 40)
    assert upscaler(grey(360, 640)).y[0, 0] == round(80 + GAIN * 60)
    assert upscaler(grey(180, 240)).y[0, 0] == 80  # another grid: nothing to go on from


def test_a_cut_is_forgotten_and_motion_is_not(make_upscaler: MakeUpscaler) -> None:
    rows, columns = np.mgrid[:180, :320]
    half = np.full((90, 160), 128, np.uint8)

    def scene(shift: int, phase: float) -> Planes:
        y = (128 + 100 * np.sin((columns + shift) / 40 + phase) * np.cos(rows / 30 + phase)).astype(np.uint8)
        return Planes(y, half, half)

    upscaler = make_upscaler(360)
    for shift in range(0, 40, 4):
        upscaler(scene(shift, 0.0))
    moved = upscaler.state
    upscaler(scene(0, 2.0))
    after = upscaler.state
    fresh = make_upscaler(360)
    fresh(scene(0, 2.0))
    assert np.array_equal(after, fresh.state)
    assert moved.mean() > 1.5 * after.mean()  # it was filled by ten frames


def test_a_state_that_is_no_number_is_dropped_once(make_upscaler: MakeUpscaler, sessions: Sessions) -> None:
    upscaler = make_upscaler(360)
    upscaler(grey(180, 320))
    sessions.broken = True
    assert upscaler(grey(180, 320)).y[0, 0] == 80
    assert np.isfinite(upscaler.state).all()
    sessions._body = lambda tensors: {  # type: ignore[method-assign]
        "features": tensors["memory"],
        "next": np.full_like(tensors["memory"], np.nan),
    }
    broken = VideoUpscaler(type(upscaler._network)(TASK, sessions, "id"), (360,), single=True)
    with pytest.raises(GoldenMismatch, match="compute numbers"):
        broken(grey(180, 320))


def test_a_state_can_be_kept_and_given_back(make_upscaler: MakeUpscaler) -> None:
    upscaler, other = make_upscaler(360), make_upscaler(360)
    upscaler(grey(180, 320))
    other.state = upscaler.state.copy()
    assert np.array_equal(other(grey(180, 320)).y, upscaler(grey(180, 320)).y)
    with pytest.raises(InvalidOption, match="finite"):
        other.state = np.full_like(upscaler.state, np.nan)
    with pytest.raises(InvalidOption, match="2 finite numbers"):
        other.state = np.zeros((4, 4, 3), np.float32)


def test_targets_out_of_reach_say_so(make_upscaler: MakeUpscaler) -> None:
    with pytest.raises(InvalidOption, match="above the frame's 640x360"):
        make_upscaler(360)(grey(360, 640))
    with pytest.raises(InvalidOption, match="up to 6 times"):
        make_upscaler(1080)(grey(100, 160))
    with pytest.raises(InvalidOption, match="each once"):
        make_upscaler(360, 360)
    with pytest.raises(InvalidOption, match="either a target or targets"):
        VideoUpscaler.open("video-fast")
    with pytest.raises(InvalidOption, match="either a bundle or fast"):
        VideoUpscaler.open("video-fast", target=720, fast=True)
    with pytest.raises(InvalidOption, match="uint8"):
        make_upscaler(360)(np.zeros((180, 320), np.uint8))  # type: ignore[arg-type]
