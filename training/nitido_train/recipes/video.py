"""Train the video network on moving photos and clips, for all its paths at once.

    python -m nitido_train.recipes.video --data PHOTOS --clips CLIPS --tier fast \\
        --out training/checkpoints/video-fast.safetensors

Then, from that checkpoint: ``--start FILE --adversarial 0.02`` for crispness, and ``--start FILE --faces
CROPS`` for faces, with a tenth of the learning rate (crops as ``nitido_train.face_crops`` collects them);
``--start FILE --whole`` for builds in 8 bits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nitido_train import checkpoint, clips, data, loop, quantise, workers
from nitido_train.metrics import luma
from nitido_train.motion import Luma, moving
from nitido_train.nets.discriminator import PatchJudge, judge_loss, persuasion_loss
from nitido_train.nets.grown import grown_from
from nitido_train.nets.sr import parameter_count
from nitido_train.nets.video import TIERS, VideoConfig, VideoNet, scale_features
from nitido_train.pyramids import Compression, PyramidBatch, batches, pyramid, side_of_clips
from nitido_train.resample import bicubic_resize
from nitido_train.unrolled import gains, unrolled

FACES_SHARE = 0.1
"""Of the learning rate, for faces: so that nothing is forgotten."""


@dataclass(frozen=True)
class Config:
    """What to train, and on what."""

    network: VideoConfig = TIERS["fast"]
    compression: Compression = field(default_factory=Compression)
    adversarial: float = 0.0
    """Weight of being taken for real by a discriminator; 0: there is none."""
    clips: float = 0.2
    """Share of clips that a camera took, where there are some; the others are photos in motion."""
    faces: float = 0.5
    """Share of photos in motion that are faces, where there are some."""
    frames: int = 7
    patch: int = 32
    """Cells of the coarse grid, each way."""
    batch: int = 4
    whole: bool = False
    """Compute with int8 weights where builds of 8 bits do: in the body, whose errors stay in the memory."""
    workers: int = 0
    """Processes that make clips; 0: a thread of this one."""
    seed: int = 0
    loop: loop.LoopConfig = field(default_factory=loop.LoopConfig)


class Duel(nn.Module):
    """The network and, where it is asked for, its judge, trained by one loop."""

    def __init__(self, net: VideoNet, judged: bool) -> None:
        super().__init__()
        self.net = net
        self.judge = PatchJudge() if judged else None


def train(
    config: Config,
    folder: Path,
    run: Path,
    clip_folder: Path | None = None,
    faces: Path | None = None,
    start: Path | None = None,
    resume: bool = False,
) -> checkpoint.Trained:
    """Train and measure on held-out photos in motion.

    ``start`` is a checkpoint to go on from; the network of a smaller tier is grown.
    """
    torch.manual_seed(config.seed)
    side = side_of_clips(config.patch)
    files = data.training_photos(folder)
    net = VideoNet(config.network) if start is None else grown_from(open_net(start), config.network)
    held_out = measured_on(data.held_out_photos(folder)[:6], config)

    def evaluate(duel: Duel) -> dict[str, float]:
        return gains(duel.net, held_out)

    source = drawer(
        load_luma(files, side),
        load_clips(clip_folder, side, config.frames) if clip_folder is not None else [],
        load_luma(data.list_photos(faces), side) if faces is not None else [],
        config,
    )

    def batches_of(worker: int) -> Iterator[PyramidBatch]:
        seed = config.seed + 100 * worker
        return batches(source, config.patch, config.batch, config.compression, seed)

    made = workers.spread(batches_of, config.workers)
    duel = Duel(net, config.adversarial > 0)
    if config.whole:
        balance(duel.net, held_out)
        for part in body_of(duel.net):
            quantise.round_weights(part)
    average, progress = loop.fit(
        duel, made, loss_of(config), config.loop, run, resume, evaluate, accelerated=True
    )
    for part in body_of(average.net):
        quantise.keep_rounded(part)
    if start is not None:
        progress.commands.insert(0, checkpoint.load_provenance(start).command)
    measured = {**evaluate(average), "parameters": float(parameter_count(average.net))}
    history = {**asdict(config), "start": checkpoint.identity(start) if start is not None else None}
    return checkpoint.Trained(
        average.net, history, asdict(config.network), config.seed, files, progress, measured
    )


def open_net(file: Path) -> VideoNet:
    """The network of a checkpoint."""
    net = VideoNet(VideoConfig(**checkpoint.load_provenance(file).network))
    checkpoint.load_weights(net, file)
    return net


@torch.no_grad()
def balance(net: VideoNet, batch: PyramidBatch) -> None:
    """Bring features nearer to the range of the memory, with which they share one scale of 8 bits."""
    spans: list[list[float]] = []
    hook = net.memory.register_forward_pre_hook(
        lambda _, given: spans.append([float(tensor.max() - tensor.min()) for tensor in given])
    )
    unrolled(net, batch.sources)
    hook.remove()
    features, memory = np.max(spans, 0)
    scale_features(net, float(np.sqrt(memory / features)))


def body_of(net: VideoNet) -> tuple[nn.Module, ...]:
    """What all paths share, on the coarse grid."""
    return net.fuse, net.blocks, net.memory, net.recall


def loss_of(config: Config) -> Callable[[Duel, PyramidBatch], Tensor]:
    """The mean absolute error of luma, averaged over all paths, and what the judge thinks of 720p."""

    def loss(duel: Duel, batch: PyramidBatch) -> Tensor:
        results = unrolled(duel.net, batch.sources, batch.compared)
        wanted = {target: frames[batch.compared] for target, frames in batch.targets.items()}
        errors = [F.l1_loss(made, wanted[target]) for (_, target), made in results.items()]
        total = torch.stack(errors).mean()
        if duel.judge is not None:
            made = torch.cat([results[180, 720], results[360, 720]], 1)
            real = torch.cat([wanted[720]] * 2, 1)
            made, real = (frames.flatten(0, 1).expand(-1, 3, -1, -1) for frames in (made, real))
            persuasion = persuasion_loss(duel.judge, real, made)
            total = total + config.adversarial * persuasion + judge_loss(duel.judge, real, made)
        return total

    return loss


def drawer(
    photos: list[Luma], filmed: list[Luma], faces: list[Luma], config: Config
) -> Callable[[np.random.Generator], Luma]:
    """What draws a clip (frames, side, side) for training."""
    side = side_of_clips(config.patch)

    def draw(rng: np.random.Generator) -> Luma:
        if filmed and rng.random() < config.clips:
            clip = filmed[int(rng.integers(len(filmed)))]
            first, top, left = (
                int(rng.integers(room + 1)) for room in np.array(clip.shape) - (config.frames, side, side)
            )
            return clip[first : first + config.frames, top : top + side, left : left + side]
        still = faces if faces and rng.random() < config.faces else photos
        return moving(still, side, config.frames, rng)

    return draw


def load_luma(files: list[Path], side: int) -> list[Luma]:
    """Photos, and where there is room photos of half the size: their detail is denser."""
    photos = [luma(photo).astype(np.uint8) for photo in data.load_all(files)]
    halves = [bicubic_resize(photo, photo.shape[0] // 2, photo.shape[1] // 2) for photo in photos]
    found = [photo for photo in photos + halves if min(photo.shape) >= side]
    if not found:
        raise ValueError(f"expected photos of at least {side} pixels a side, got none; pass a smaller patch")
    return found


def load_clips(folder: Path, side: int, frames: int, length: int = 24, parts: int = 2) -> list[Luma]:
    """Up to ``parts`` pieces of ``length`` frames of each clip; large frames are halved: they are sharper."""
    found = []
    for file in clips.list_clips(folder):
        if data.is_held_out(file):
            continue
        piece: list[Luma] = []
        taken = 0
        for number, frame in clips.frames(file, 0.0):
            if number % (4 * length) >= length:
                continue
            grey = luma(frame).astype(np.uint8)
            half = min(grey.shape) >= 2 * side
            piece.append(bicubic_resize(grey, grey.shape[0] // 2, grey.shape[1] // 2) if half else grey)
            if len(piece) == length:
                found.append(np.stack(piece))
                piece, taken = [], taken + 1
                if taken == parts:
                    break
    return [clip for clip in found if min(clip.shape[1:]) >= side and len(clip) >= frames]


def measured_on(files: list[Path], config: Config) -> PyramidBatch:
    """The same motion over the same held-out photos for every network."""
    rng = np.random.default_rng(1)
    side = side_of_clips(config.patch)
    made = [moving([photo], side, 2 * config.frames, rng) for photo in load_luma(files, side)]
    return pyramid(np.stack(made, 1), config.patch, Compression(0.0, 0.0), rng)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--clips", type=Path, help="folder of clips")
    parser.add_argument("--faces", type=Path, help="folder of face crops: a tenth of the learning rate")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    parser.add_argument("--tier", choices=tuple(TIERS), default="fast")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from, of this tier or a smaller")
    parser.add_argument("--adversarial", type=float, default=0.0, help="weight of a discriminator's verdict")
    parser.add_argument(
        "--h264", type=float, default=Compression.h264, help="share of clips whose small frames are x264's"
    )
    parser.add_argument(
        "--jpeg", type=float, default=Compression.jpeg, help="share whose small frames are JPEGs"
    )
    parser.add_argument("--whole", action="store_true", help="with the int8 weights of 8-bit builds")
    parser.add_argument("--frames", type=int, default=Config.frames, help="length of clips")
    parser.add_argument("--patch", type=int, default=Config.patch, help="cells of 180p a side")
    parser.add_argument("--batch", type=int, default=Config.batch)
    parser.add_argument("--workers", type=int, default=Config.workers, help="processes that make clips")
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end the schedule after so long")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate; 0 for AdamW alone")
    parser.add_argument("--evaluate-every", type=int, default=1_000, help="steps between figures in the log")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    share = 1.0 if args.faces is None else FACES_SHARE
    config = Config(
        network=TIERS[args.tier],
        compression=Compression(args.jpeg, args.h264),
        adversarial=args.adversarial,
        whole=args.whole,
        frames=args.frames,
        patch=args.patch,
        batch=args.batch,
        workers=args.workers,
        loop=loop.LoopConfig(
            steps=args.steps,
            minutes=args.minutes,
            learning_rate=share * args.learning_rate,
            muon_learning_rate=share * args.muon,
            evaluate_every=args.evaluate_every,
        ),
    )
    run = Path("runs") / args.out.stem
    trained = train(config, args.data, run, args.clips, args.faces, args.start, args.resume)
    checkpoint.save(trained, "video", args.out, half=True)


if __name__ == "__main__":
    main()
