"""Suite ``depth-to-space``: one operation against the chains of reshapes and transposes that do the same."""

from __future__ import annotations

import argparse
import copy
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nitido
from nitido.errors import WrongTask
from nitido.runtime.session import usable_processors
from nitido_bench.latency import size
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.timing import stopwatch
from nitido_bench.timing.cases import Case, Size
from nitido_bench.timing.probe import launch
from nitido_bench.timing.rows import named, peak, timed
from nitido_bench.timing.spread import ratio
from nitido_bench.timing.stopwatch import Effort, Turns
from nitido_export import targets
from nitido_export.bundle_writer import write_bundle
from nitido_export.families import open_model
from nitido_export.graphs import Model
from nitido_export.photos import load_photos
from nitido_export.proving import operations
from nitido_train.nets.sr import SrNet

FULL, QUICK = Effort(launches=5, rounds=10), Effort(launches=3, rounds=4, turn=0.03)
TARGET = "litert-fp32"
OPERATION = "one operation"


class _Enlarging(nn.Module):
    """An upscaler whose last step is written in another way."""

    def __init__(self, net: SrNet, shuffle: Callable[[Tensor, int], Tensor], by_pixel: bool = False) -> None:
        """``by_pixel``: the channels before the last step are sorted by pixel of the block, then colour."""
        super().__init__()
        self.net = copy.deepcopy(net)
        self.shuffle = shuffle
        if by_pixel:
            order = torch.arange(3 * net.config.scale**2).view(3, -1).t().reshape(-1)
            for tensor in (self.net.tail.weight, self.net.tail.bias, self.net.get_buffer("nearest")):
                assert tensor is not None
                tensor.data = tensor.data[order]

    def forward(self, image: Tensor) -> Tensor:
        """As ``SrNet`` does."""
        added = self.net.refine(self.net.describe(image))
        nearest = F.conv2d(image, self.net.get_buffer("nearest"))
        return self.shuffle(added + nearest, self.net.config.scale)


def _hidden(x: Tensor, scale: int) -> Tensor:
    """Torch's own, as litert-torch lowers it: the copy keeps our rewriting from seeing the convolutions."""
    return F.pixel_shuffle(x.clone(), scale)


def _channels_last(x: Tensor, scale: int) -> Tensor:
    """Reshape, transpose, reshape, where channels come last: no more than four dimensions."""
    n, c, h, w = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(n * h, w, scale, c // scale).transpose(1, 2)
    return rows.reshape(n, h * scale, w * scale, c // scale**2).permute(0, 3, 1, 2)


VARIANTS: dict[str, Callable[[SrNet], nn.Module]] = {
    OPERATION: lambda net: net,
    "torch's chain": lambda net: _Enlarging(net, _hidden),
    "chain, channels last": lambda net: _Enlarging(net, _channels_last, by_pixel=True),
}
"""Ways to write the last step; all compute the same."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        nargs="+",
        default=[Path("training/checkpoints/sr-x2.safetensors")],
        metavar="FILE",
        help="of upscalers (default: sr-x2)",
    )
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="photos to prove builds on")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[usable_processors()], help="(default: all processors)"
    )
    parser.add_argument("--size", type=size, default=(256, 256), help="WIDTHxHEIGHT (default: 256x256)")
    stopwatch.arguments(parser, FULL, QUICK)


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Per checkpoint and number of threads: the variants, which took turns."""
    effort = stopwatch.effort(args)
    for checkpoint in args.checkpoint:
        with tempfile.TemporaryDirectory() as folder:
            places = bundles(open_model(checkpoint), args.size, Path(folder), args.samples)
            for threads in args.threads:
                cases = {
                    name: Case(str(place), "main", TARGET, "cpu", threads, *args.size)
                    for name, place in places.items()
                }
                load = round(os.getloadavg()[0], 2)
                job = {"cases": [asdict(case) for case in cases.values()], "threads": threads}
                turns = launch("nitido_bench.timing.turns_probe", job, effort)
                for row in rows(cases, turns):
                    yield {**row, "launches": effort.launches, "load_average": load}


def bundles(model: Model, image: Size, folder: Path, samples: Path) -> dict[str, Path]:
    """The variants of an upscaler, exported and proved for images of one size.

    Raises WrongTask, ExportError.
    """
    graph = model.graphs[0]
    if not isinstance(graph.net, SrNet):
        raise WrongTask(f"expected an upscaler, got {model.name}; choose another --checkpoint")
    photos, places = load_photos(samples), {}
    for number, (name, variant) in enumerate(VARIANTS.items()):
        changed = replace(graph, net=variant(graph.net).eval(), size=image)
        places[name] = folder / str(number)
        write_bundle(replace(model, graphs=(changed,)), places[name], targets.find([TARGET]), photos)
    return places


def rows(cases: Mapping[str, Case], turns: Mapping[str, Turns]) -> Iterator[Row]:
    """A row for each variant; ``against`` is its time over that with one operation."""
    peaks = peak(turns)
    times = {name: turns[str(number)] for number, name in enumerate(cases)}
    for name, case in cases.items():
        bundle = nitido.Bundle.open(case.bundle)
        build = bundle.select("main", TARGET)
        kinds = operations.count(build, bundle.path(build))
        row: Row = {"variant": name, "operations": ", ".join(f"{n} {kind}" for kind, n in kinds.items())}
        row = {**named(case), **row, **timed(case, times[name], turns, peaks)}
        yield row | ratio(times[name], times[OPERATION]).row("against")


SUITE = Suite(
    name="depth-to-space",
    help="LiteRT's depth-to-space against the reshapes and transposes that do the same, in one run",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("variant", "last step", ""),
        ("operations", "operations", ""),
        ("threads", "threads", "d"),
        ("size", "input", ""),
        ("samples", "runs", "d"),
        ("median_ms", "median, ms", ".2f"),
        ("iqr_ms", "IQR", ".2f"),
        ("against", "times one operation", ".3f"),
        ("against_low", "from", ".3f"),
        ("against_high", "to", ".3f"),
    ),
    keys=("model", "variant", "threads", "size"),
    gates=(Gate("against", "lower", 0.05, ("against_low", "against_high"), ratio=True),),
)
