"""The video network and its recipe: paths that agree, a state that matters, motion that is true, learning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nitido_train import checkpoint
from nitido_train.loop import LoopConfig
from nitido_train.motion import moving, pan, parallax, zoom
from nitido_train.nets.grown import grown_from
from nitido_train.nets.video import CELLS, PATHS, TARGETS, TIERS, VideoConfig, VideoNet, scale_features
from nitido_train.pyramids import Compression, pyramid, side_of_clips, through_h264
from nitido_train.quantise import quantised_weight
from nitido_train.recipes import video
from nitido_train.resample import bicubic_matrix
from nitido_train.unrolled import unrolled

pytest.importorskip("av", reason="needs PyAV, of the extra video")

TINY = VideoConfig(width=8, memory=4, blocks=1, convolutions=1, growth=4, fine=4, depth=1)
PATCH = 8
SIDE = side_of_clips(PATCH)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (60, 80), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC))


def still(net: VideoNet) -> VideoNet:
    """Without anything added to the skip."""
    for decoder in (*net.decoders.values(), *net.fine_decoders.values()):
        torch.nn.init.zeros_(decoder.weight)
        torch.nn.init.zeros_(decoder.bias)
    return net


@pytest.mark.parametrize(("source", "target"), PATHS)
def test_every_path_starts_as_bicubic_and_has_its_size(source: int, target: int) -> None:
    cells = CELLS[source]
    luma = torch.rand(1, 1, 12 * cells, 10 * cells, generator=torch.Generator().manual_seed(0))
    made, state = still(VideoNet(TINY))(luma, torch.zeros(1, 4, 12, 10), source, (target,))
    rows, columns = (torch.from_numpy(bicubic_matrix(n * cells, n * CELLS[target])) for n in (12, 10))
    inside = slice(3 * CELLS[target], -3 * CELLS[target])  # at the border there are zeros around the frame
    assert made.shape == (1, 1, 12 * CELLS[target], 10 * CELLS[target])
    assert state.shape == (1, 4, 12, 10)
    assert torch.allclose(
        made[0, 0, inside, inside], (rows @ luma[0, 0] @ columns.T)[inside, inside], atol=1e-4
    )


@pytest.mark.parametrize("tier", TIERS)
def test_tiers_are_small_and_share_one_body(tier: str) -> None:
    net = VideoNet(TIERS[tier])
    assert sum(p.numel() for p in net.parameters()) < {"fast": 80_000, "base": 300_000}[tier]


def test_a_grown_network_computes_what_the_small_one_did() -> None:
    torch.manual_seed(0)
    small = VideoNet(VideoConfig(width=6, memory=3, blocks=1, convolutions=1, growth=4))
    grown = grown_from(small, VideoConfig(10, 5, blocks=2, convolutions=2, growth=4, fine=4, depth=1))
    luma = torch.rand(3, 1, 1, 16, 20)
    states = torch.zeros(1, 3, 8, 10), torch.zeros(1, 5, 8, 10)
    with torch.no_grad():
        for frame in luma:
            before, kept = small(frame, states[0], 360, (1080,))
            after, more = grown(frame, states[1], 360, (1080,))
            states = kept, more
            assert torch.allclose(before, after, atol=1e-5)
    assert float(states[1][:, 3:].abs().max()) > 0  # the new channels see something


@pytest.mark.parametrize("tier", TIERS)
def test_features_change_their_range_and_results_do_not(tier: str) -> None:
    net = VideoNet(TIERS[tier])
    for decoder in net.decoders.values():
        torch.nn.init.normal_(decoder.weight, std=0.1)  # what they add is to be seen
    luma, state = torch.rand(1, 1, 16, 16), torch.rand(1, TIERS[tier].memory, 8, 8) - 0.5
    with torch.inference_mode():
        before = net(luma, state, 360, TARGETS[1:])
        features, _ = net.remember(net.encode(luma, 360), state)
    scale_features(net, 0.5)
    with torch.inference_mode():
        after = net(luma, state, 360, TARGETS[1:])
        scaled, _ = net.remember(net.encode(luma, 360), state)
    torch.testing.assert_close(scaled, features / 2)
    for one, other in zip(after, before, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_one_pass_for_all_targets_equals_a_pass_for_each() -> None:
    net = VideoNet(TINY)
    luma, state = torch.rand(1, 1, 9, 11), torch.rand(1, 4, 9, 11)
    *together, following = net(luma, state, 180, (360, 720, 1080))
    for made, target in zip(together, (360, 720, 1080), strict=True):
        alone, after = net(luma, state, 180, (target,))
        assert torch.equal(made, alone)
        assert torch.equal(following, after)


def test_unrolling_equals_frame_by_frame() -> None:
    torch.manual_seed(0)
    net = VideoNet(TINY)
    sources = {s: torch.rand(4, 2, 1, PATCH * CELLS[s], PATCH * CELLS[s]) for s in (180, 360, 720)}
    with torch.no_grad():
        results = unrolled(net, sources, chosen=torch.tensor([1, 3]))
        state = torch.zeros(2, 4, PATCH, PATCH)
        for t in range(4):
            made, state = net(sources[360][t], state, 360, (1080,))
            if t in (1, 3):
                assert torch.allclose(results[360, 1080][t // 2], made, atol=1e-5)


def test_a_pan_moves_the_same_pixels(photo: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    clip = pan(photo, 100, 5, rng, speed=6.0)
    assert clip.shape == (5, 100, 100)
    assert any(
        np.array_equal(clip[0][20 + dy : 80 + dy, 20 + dx : 80 + dx], clip[1][20:80, 20:80])
        for dy in range(-9, 10)
        for dx in range(-9, 10)
    )
    assert np.array_equal(*pan(photo, 100, 2, rng, speed=0.0))


def test_all_motion_has_its_size_and_uses_real_detail(photo: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    for make in (zoom, lambda *args: parallax(photo, *args)):
        clip = make(photo, 120, 6, rng)
        assert clip.shape == (6, 120, 120)
        assert clip.dtype == np.uint8
        assert np.abs(np.diff(clip.astype(int), axis=0)).mean() > 0.5
        assert clip.std() > 0.5 * photo.std()
    kinds = [moving([photo], 100, 3, rng).tobytes() for _ in range(8)]
    assert len(set(kinds)) == 8


def test_pyramids_are_bicubic_and_compression_touches_the_small_frames_alone(photo: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    clips = np.stack([pan(photo, SIDE, 4, rng), pan(photo, SIDE, 4, rng)], 1)
    clean = pyramid(clips, PATCH, Compression(0.0, 0.0), rng)
    assert {h: tuple(t.shape) for h, t in {**clean.sources, **clean.targets}.items()} == {
        h: (4, 2, 1, PATCH * cells, PATCH * cells) for h, cells in CELLS.items()
    }
    assert torch.equal(clean.sources[360], clean.targets[360])
    inner = clips[0, 0, 12:-12, 12:-12]
    assert np.array_equal((clean.targets[1080][0, 0, 0].numpy() * 255).round(), inner)
    for compression in (Compression(1.0, 0.0), Compression(0.0, 1.0)):
        rough = pyramid(clips, PATCH, compression, rng)
        assert torch.equal(rough.targets[1080], clean.targets[1080])
        assert 0 < float((rough.sources[360] - clean.sources[360]).abs().mean()) < 0.1


def test_h264_gives_the_frames_back_in_order() -> None:
    frames = np.repeat(np.arange(40, 240, 20, dtype=np.uint8)[:, None], 2, 1)
    clip = np.broadcast_to(frames[..., None, None], (10, 2, 32, 48))
    back = through_h264(np.ascontiguousarray(clip), 20)
    assert back.shape == clip.shape
    assert np.abs(back.astype(int) - clip).max() <= 3


@pytest.mark.parametrize("flags", [{}, {"adversarial": 0.02}, {"whole": True}])
def test_the_recipe_learns_all_paths(photos: Path, tmp_path: Path, flags: dict[str, Any]) -> None:
    config = video.Config(
        TINY,
        frames=3,
        patch=PATCH,
        batch=2,
        loop=LoopConfig(steps=12, warmup=2, log_every=4, evaluate_every=100, bf16=False),
        **flags,
    )
    trained = video.train(config, photos, tmp_path / "run", faces=photos)
    assert set(trained.measured) == {*(f"{s}-{t}" for s, t in PATHS), "parameters"}
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert len(losses) == 3
    assert np.isfinite(losses).all()
    gates = trained.net.state_dict()["memory.gates.weight"]
    assert torch.allclose(quantised_weight(gates)[0], gates, atol=1e-7) == ("whole" in flags)
    file = tmp_path / "video-fast.safetensors"
    checkpoint.save(trained, "video", file)
    again = video.train(config, photos, tmp_path / "again", start=file)
    assert again.config["start"] == checkpoint.identity(file)
