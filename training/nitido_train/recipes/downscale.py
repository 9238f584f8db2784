"""Train a codec-aware downscaling network through a codec's stand-in and what enlarges its result again.

    python -m nitido_train.recipes.downscale --data PHOTOS --minutes 25 --clips 0.25 --out share.safetensors

Together with an upscaler: ``--half --joint UPSCALER.safetensors``, from ``--warm-start`` share.safetensors.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from nitido.sharing.wish import Wish, weights_of
from nitido_train import checkpoint, codecs, data, loop, sharing, sharing_cases
from nitido_train.nets.codec_proxy import STEEP, CodecProxy, IdentityProxy, ProxyConfig
from nitido_train.nets.downscale import DownscaleConfig, DownscaleNet, Kind
from nitido_train.nets.sr import SrNet, parameter_count
from nitido_train.upscaling import open_upscaler

_MEASURED = (
    sharing_cases.Case("jpeg", 75, 96, "bicubic"),
    sharing_cases.Case("jpeg", 75, 96, "sr"),
    sharing_cases.Case("jpeg", 75, 128, "bicubic"),
    sharing_cases.Case("h264", 28, 96, "bicubic"),
)


@dataclass(frozen=True)
class Config:
    """What to train."""

    network: DownscaleConfig = field(default_factory=DownscaleConfig)
    codecs: tuple[codecs.Codec, ...] = codecs.CODECS
    """None: for no codec, with the identity as its stand-in."""
    half: bool = False
    """Only to half the size, all that kind a is for."""
    batch: int = 3
    clips: float = 0.0
    """How many of the batches are photos in motion."""
    temporal: float = 0.5
    """Weight of flicker in those."""
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


class Pair(nn.Module):
    """A downscaler, and the upscaler that it is trained together with (D7) where there is one."""

    def __init__(self, down: DownscaleNet, up: SrNet | None) -> None:
        super().__init__()
        self.down, self.up = down, up


def train(
    config: Config,
    folder: Path,
    run: Path,
    proxy: Path,
    sr: Path,
    warm_start: Path | None = None,
    resume: bool = False,
    joint: bool = False,
) -> tuple[checkpoint.Trained, SrNet | None]:
    """Train, and measure on held-out photos what is saved against Lanczos; ``warm_start`` gives layers.

    With ``joint``, a copy of the learned receiver is trained too, and returned (D7).
    """
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    codec = open_proxy(proxy) if config.codecs else IdentityProxy()
    chain = sharing.Chain(codec, open_upscaler(sr, 2))
    proxy_in_training = copy.deepcopy(codec).train()
    proxy_in_training.steepness = STEEP
    net = DownscaleNet(config.network)
    if warm_start is not None:
        checkpoint.load_matching(net, warm_start)
    photos = planes(files)
    means = sharing.Means(chain, _middles(photos[:: max(1, len(photos) // 12)]))
    held = _middles(planes(data.held_out_photos(folder)))[:16]

    def loss(pair: Pair, sample: sharing_cases.Sample) -> Tensor:
        soft = sharing.Chain(proxy_in_training, pair.up or chain.sr)
        return sharing.objective(pair.down, soft, means, sample, config.temporal)

    def evaluate(pair: Pair) -> dict[str, float]:
        return savings(pair.down, sharing.Chain(codec, pair.up or chain.sr), means, held)

    source = sharing_cases.batches(
        photos,
        config.batch,
        config.seed,
        config.codecs or codecs.CODECS,
        config.half,
        config.clips,
        learned=1.0 if joint else 0.5,
    )
    pair = Pair(net, copy.deepcopy(chain.sr).requires_grad_().train() if joint else None)
    average, progress = loop.fit(pair, source, loss, config.loop, run, resume, evaluate)
    if warm_start is not None:
        progress.commands.insert(0, checkpoint.load_provenance(warm_start).command)
    measured = {**evaluate(average), "parameters": float(parameter_count(average.down))}
    history = {**asdict(config), "receiver": checkpoint.identity(sr), "joint": joint}
    trained = checkpoint.Trained(
        average.down, history, asdict(config.network), config.seed, files, progress, measured
    )
    return trained, average.up


def savings(net: DownscaleNet, chain: sharing.Chain, means: sharing.Means, held: Tensor) -> dict[str, float]:
    """Percent of the rate that the objective falls by against Lanczos, by the stand-in's account."""
    found = {}
    for case in _MEASURED:
        with torch.no_grad():
            classic = chain.figures(sharing.resized(held, case.side, "lanczos").clamp(0, 1), held, case)
            for detail in (0.0, 0.5, 1.0):
                wish = Wish(weights_of(detail), case.codec, case.quality, case.factor, case.receiver == "sr")
                small = sharing.downscaled(net, held, case.side, wish)
                before, after = (
                    float(sharing.cost(figures, means.of(case), wish))
                    for figures in (classic, chain.figures(small, held, case))
                )
                name = f"{case.codec}_{case.factor:.2f}_{case.receiver}_detail_{detail:g}"
                found[name] = round(100 * (after - before), 2)
    return found


def planes(files: Sequence[Path]) -> list[codecs.Plane]:
    """Luma of photos."""
    return [np.asarray(Image.fromarray(photo).convert("L")) for photo in data.load_all(files)]


def open_proxy(file: Path) -> CodecProxy:
    """The codec's stand-in of a checkpoint, frozen."""
    network = checkpoint.load_provenance(file).network
    net = CodecProxy(ProxyConfig(tuple(network["codecs"]), network["width"]))
    checkpoint.load_weights(net, file)
    return net.eval().requires_grad_(False)


def _middles(photos: Sequence[codecs.Plane]) -> Tensor:
    side = sharing_cases.SIDE
    found = []
    for photo in photos:
        top, left = ((length - side) // 2 for length in photo.shape)
        if min(top, left) >= 0:
            found.append(photo[top : top + side, left : left + side])
    return codecs.planes_to_tensor(found)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--kind", choices=get_args(Kind), default=DownscaleConfig.kind)
    parser.add_argument("--width", type=int, default=DownscaleConfig.width)
    parser.add_argument("--depth", type=int, default=DownscaleConfig.depth)
    parser.add_argument("--stride", type=int, choices=(1, 2), default=2, help="1: four times the work")
    parser.add_argument("--details", type=int, choices=range(6), default=3, help="filters of detail")
    parser.add_argument("--half", action="store_true", help="only to half the size")
    parser.add_argument(
        "--codecs", default=",".join(codecs.CODECS), help="to train for, with commas; empty for none at all"
    )
    folder = Path("training/checkpoints")
    parser.add_argument("--proxy", type=Path, default=folder / "codec-proxy.safetensors")
    parser.add_argument("--sr", type=Path, default=folder / "sr-x2.safetensors", help="learned receiver")
    parser.add_argument("--joint", type=Path, help="train the receiver too, and write it to this checkpoint")
    parser.add_argument("--clips", type=float, default=0.0, help="share of batches that are photos in motion")
    parser.add_argument("--temporal", type=float, default=Config.temporal, help="weight of their flicker")
    parser.add_argument("--batch", type=int, default=Config.batch)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--muon", type=float, default=0.003, help="Muon's learning rate; 0 for AdamW alone")
    parser.add_argument("--warm-start", type=Path, help="checkpoint whose matching layers to start from")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    if args.kind == "d" and not args.details:
        parser.error("kind d shares out filters of detail: give it --details 1 or more")
    config = Config(
        network=DownscaleConfig(args.kind, args.width, args.depth, details=args.details, stride=args.stride),
        codecs=tuple(codec for codec in codecs.CODECS if codec in args.codecs.split(",")),
        half=args.half,
        batch=args.batch,
        clips=args.clips,
        temporal=args.temporal,
        loop=loop.LoopConfig(
            steps=args.steps,
            minutes=args.minutes,
            learning_rate=args.learning_rate,
            muon_learning_rate=args.muon,
            warmup=100,
            log_every=50,
            evaluate_every=1_000,
        ),
    )
    run = Path("runs") / args.out.stem
    joint = args.joint is not None
    trained, up = train(config, args.data, run, args.proxy, args.sr, args.warm_start, args.resume, joint)
    checkpoint.save(trained, "downscale", args.out, half=True)
    if up is not None:
        checkpoint.save(replace(trained, net=up, network=asdict(up.config)), "sr", args.joint, half=True)


if __name__ == "__main__":
    main()
