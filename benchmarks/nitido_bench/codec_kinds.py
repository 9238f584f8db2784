"""Suite ``codec-kinds``: the four kinds of downscaling networks (D1), each trained as long as the others."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from nitido.photo.model import LUMA, Pixels
from nitido.sharing.grid import apart
from nitido.sharing.wish import Wish, weights_of
from nitido_bench import codec_chain as chain
from nitido_bench.codec import middles
from nitido_bench.suite import Row, Suite
from nitido_train import sharing
from nitido_train.codecs import planes_to_tensor
from nitido_train.loop import LoopConfig
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet, Kind
from nitido_train.nets.sr import parameter_count
from nitido_train.recipes import downscale

_FACTOR = 0.5
_MARGIN = 16
"""Pixels of the small photo that are mirrored around it and cut off again: networks pad with zeros."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    folder = Path("training/checkpoints")
    parser.add_argument("--data", type=Path, required=True, help="photos: trained on, and held-out ones")
    parser.add_argument("--steps", type=int, default=400, help="of each training (default: %(default)d)")
    parser.add_argument("--kinds", nargs="+", choices=get_args(Kind), default=get_args(Kind))
    parser.add_argument("--stride", type=int, choices=(1, 2), default=2, help="see the recipe (default: 2)")
    parser.add_argument("--proxy", type=Path, default=folder / "codec-proxy.safetensors")
    parser.add_argument("--sr", type=Path, default=folder / "sr-x2.safetensors")
    parser.add_argument("--limit", type=int, default=8, help="so many held-out photos (default: 8)")
    parser.add_argument("--side", type=int, default=384, help="their middles, so large (default: 384)")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """A row per kind: trained for JPEG, to half the size, then through the real one."""
    photos = [
        photo
        for photo in middles(args.data, args.limit, args.side)
        if photo.shape[:2] == (args.side, args.side)
    ]
    receive = chain.received_by("bicubic")
    anchors = [chain.curve(photo, _FACTOR, chain.classic("lanczos"), receive, "jpeg") for photo in photos]
    for kind in args.kinds:
        net, minutes = trained(kind, args)
        rows = [
            [
                chain.bd_rate(anchor, chain.curve(photo, _FACTOR, made_by(net), receive, "jpeg"), metric)
                for metric in chain.METRICS
            ]
            for photo, anchor in zip(photos, anchors, strict=True)
        ]
        yield {
            "kind": kind,
            "stride": args.stride,
            "steps": args.steps,
            "minutes": round(minutes, 1),
            "parameters": parameter_count(net),
            "photos": len(photos),
            **chain.mean_rates(rows, chain.METRICS),
        }


def trained(kind: Kind, args: argparse.Namespace) -> tuple[DownscaleNet, float]:
    """A network, and how many minutes it took."""
    config = downscale.Config(
        network=DownscaleConfig(kind, details=3, stride=args.stride),
        codecs=("jpeg",),
        half=True,
        loop=LoopConfig(
            steps=args.steps,
            learning_rate=2e-3,
            muon_learning_rate=0.003,
            warmup=min(100, 1 + args.steps // 4),
        ),
    )
    run = Path("runs") / f"codec-kinds-{kind}"
    result, _ = downscale.train(config, args.data, run, args.proxy, args.sr)
    assert isinstance(result.net, DownscaleNet)
    return result.net, result.progress.minutes


def made_by(net: DownscaleNet) -> chain.Make:
    """What makes square photos small as ``nitido.Downscaler`` does, for kinds that it cannot run too."""

    def make(photo: Pixels, shape: tuple[int, int], quality: int) -> Pixels:
        luma, small = apart(photo, shape)
        wish = Wish(weights_of(0.5), "jpeg", quality, _FACTOR)
        mirrored = np.pad(luma, round(_MARGIN / _FACTOR), "symmetric")
        with torch.inference_mode():
            whole = sharing.downscaled(net, planes_to_tensor([mirrored]), shape[0] + 2 * _MARGIN, wish)
        made = whole[0, 0, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        change = np.rint(255 * made.numpy() - small @ LUMA).astype(np.int16)
        result: Pixels = np.clip(small + change[..., np.newaxis], 0, 255).astype(np.uint8)
        return result

    return make


SUITE = Suite(
    name="codec-kinds",
    help="the four kinds of downscaling networks at equal steps of training; BD-rate against Lanczos",
    arguments=arguments,
    measure=measure,
    columns=(
        ("kind", "kind", ""),
        ("parameters", "parameters", "d"),
        ("minutes", "minutes of training", ".1f"),
        ("bd_psnr", "BD-rate, PSNR (Y), %", "+.1f"),
        ("bd_ms_ssim", "MS-SSIM (Y), %", "+.1f"),
        ("bd_edges", "gradients, %", "+.1f"),
        ("apart", "photos without a common quality", "d"),
    ),
    keys=("kind",),
)
