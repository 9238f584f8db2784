"""Train the differentiable stand-ins of JPEG, WebP and H.264 on pairs that the real encoders made.

python -m nitido_train.recipes.codec_proxy --data PHOTOS --minutes 10 --out codec-proxy.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nitido_train import checkpoint, codecs, data, loop
from nitido_train.nets.codec_proxy import CodecProxy, ProxyConfig
from nitido_train.nets.sr import parameter_count

_FLOOR = (0.3 / 255) ** 2
"""Square errors below it are those of rounding to grey levels."""


@dataclass(frozen=True)
class Config:
    """What to train."""

    network: ProxyConfig = field(default_factory=ProxyConfig)
    side: int = 192
    batch: int = 12
    pool: int = 80
    """Batches that are encoded; then they are trained on again and again, since encoders are slow."""
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


def train(config: Config, folder: Path, run: Path, resume: bool = False) -> checkpoint.Trained:
    """Train on crops of the photos at full and at half size, and measure on held-out ones."""
    torch.manual_seed(config.seed)
    files = data.training_photos(folder)
    net = CodecProxy(config.network)
    held = planes(data.held_out_photos(folder)[:12])

    def evaluate(net: CodecProxy) -> dict[str, float]:
        return accuracy(net, held, config.side)

    source = codecs.pairs(planes(files), config.side, config.batch, config.seed)
    pool = list(islice(source, config.pool))
    average, progress = loop.fit(net, cycle(pool), proxy_loss, config.loop, run, resume, evaluate)
    measured = {**evaluate(average), "parameters": float(parameter_count(average))}
    return checkpoint.Trained(
        average, asdict(config), asdict(config.network), config.seed, files, progress, measured
    )


def planes(files: Sequence[Path]) -> list[codecs.Plane]:
    """Luma of photos, at full and at half size: what is sent is small, and its detail dense."""
    found = []
    for photo in data.load_all(files):
        luma = Image.fromarray(photo).convert("L")
        half = luma.resize((luma.width // 2, luma.height // 2), Image.Resampling.LANCZOS)
        found += [np.asarray(luma), np.asarray(half)]
    return found


def proxy_loss(net: CodecProxy, pairs: codecs.CodecPairs) -> Tensor:
    """Square logarithms of what rate, its change by sharpening and distortion are wrong by; the pictures'."""
    coded = net(pairs.planes, pairs.codec, pairs.quality)
    true = (pairs.decoded - pairs.planes).square().mean((1, 2, 3)) + _FLOOR
    found = (coded.decoded - pairs.planes).square().mean((1, 2, 3)) + _FLOOR
    apart = (coded.decoded - pairs.decoded).square().mean((1, 2, 3))
    rate = torch.log((coded.bits + 500) / (pairs.bits + 500))
    change = rate[::2] - rate[1::2]
    distortion = torch.log(found / true).square().mean()
    picture = (apart / true).mean()
    bits = 4 * rate.square().mean() + 40 * change.square().mean()
    total: Tensor = bits + 4 * distortion + 0.5 * picture
    return total


def accuracy(net: CodecProxy, held: Sequence[codecs.Plane], side: int) -> dict[str, float]:
    """Mean PSNR of the proxy and of the codec (dB), their mean distance, and error and order of the rate."""
    from scipy.stats import spearmanr

    measured: dict[str, float] = {}
    for index, codec in enumerate(codecs.CODECS):
        coarse, fine = codecs.QUALITIES[codec]
        psnrs, bits = [], []
        for plane in held:
            top, left = ((length - side) // 2 for length in plane.shape)
            if min(top, left) < 0:
                continue
            crop = np.ascontiguousarray(plane[top : top + side, left : left + side])
            for quality in np.linspace(coarse, fine, 6).round().astype(int):
                real = codecs.through(crop, codec, int(quality))
                image = codecs.planes_to_tensor([crop])
                with torch.inference_mode():
                    coded = net(image, torch.tensor([index]), torch.tensor([float(quality)]))
                decoded = (255 * coded.decoded[0, 0]).round().clamp(0, 255).byte().numpy()
                psnrs.append((_psnr(decoded, crop), _psnr(real.decoded, crop)))
                bits.append((float(coded.bits), float(real.bits)))
        proxy, true = np.array(psnrs).T
        guessed, counted = np.array(bits).T
        measured[f"{codec}_psnr_difference"] = round(float(np.mean(proxy - true)), 3)
        measured[f"{codec}_psnr_apart"] = round(float(np.mean(np.abs(proxy - true))), 3)
        measured[f"{codec}_rate_error"] = round(float(np.mean(np.abs(guessed / counted - 1))), 4)
        measured[f"{codec}_rate_rank"] = round(float(spearmanr(guessed, counted).statistic), 4)
    return measured


def _psnr(a: codecs.Plane, b: codecs.Plane) -> float:
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 0.09)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    schedule = loop.LoopConfig(
        steps=args.steps,
        minutes=args.minutes,
        learning_rate=args.learning_rate,
        warmup=50,
        log_every=50,
        evaluate_every=500,
        bf16=False,
    )
    trained = train(Config(loop=schedule), args.data, Path("runs") / args.out.stem, args.resume)
    checkpoint.save(trained, "codec-proxy", args.out)


if __name__ == "__main__":
    main()
