"""Suite ``peers``: Nitido's upscalers and others' networks take turns, with Pillow's filters as the floor."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import nitido
from nitido.bundle.manifest import UpscaleTask
from nitido.runtime.session import usable_processors
from nitido_bench import results
from nitido_bench.peer_nets.bundles import RESULT, peer_bundle
from nitido_bench.peer_nets.registry import PEERS
from nitido_bench.suite import Gate, Row, Suite
from nitido_bench.timing import stopwatch, yardstick
from nitido_bench.timing.cases import Case
from nitido_bench.timing.probe import launch
from nitido_bench.timing.rows import peak, timed
from nitido_bench.timing.spread import ratio, spread
from nitido_bench.timing.stopwatch import Effort, Turns

FULL, QUICK = Effort(launches=3, rounds=5), Effort(launches=3, rounds=3, turn=0.03)
RUNTIMES = ("onnx", "litert")
FLOORS = ("BICUBIC", "LANCZOS")
PSNR_OF = "Set14"
HERE = "nitido-bench quality-sr"


@dataclass(frozen=True)
class Entry:
    """A network of one scale: its bundle, and what is known of its quality."""

    model: str
    bundle: str
    channels: int
    psnr: float | None = None
    source: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--scale", type=int, nargs="+", choices=(2, 3, 4), help="(default: 2 3 4; --quick: 2)"
    )
    parser.add_argument("--peer", nargs="*", choices=PEERS, default=list(PEERS), help="(default: all)")
    parser.add_argument("--runtime", nargs="+", choices=RUNTIMES, default=RUNTIMES, help="(default: both)")
    parser.add_argument("--threads", type=int, default=usable_processors(), help="(default: all processors)")
    parser.add_argument(
        "--bundles", type=Path, default=Path("runs/peers"), help="where exported peers are kept for next time"
    )
    parser.add_argument(
        "--quality",
        type=Path,
        default=results.FOLDER / "quality-sr.json",
        help="result that the PSNR of Nitido's networks is taken from",
    )
    stopwatch.arguments(parser, FULL, QUICK)


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Per scale and runtime, what took turns with each other."""
    effort = stopwatch.effort(args)
    quality = own_quality(args.quality)
    for scale in args.scale or ((2,) if args.quick else (2, 3, 4)):
        side = RESULT // scale
        for runtime in args.runtime:
            entries = [*own(scale, quality), *others(args.peer, scale, runtime, args.bundles)]
            cases = [
                Case(e.bundle, "main", floats(e.bundle, runtime), "cpu", args.threads, side, side)
                for e in entries
            ]
            floors = {name: {"height": side, "width": side, "scale": scale} for name in FLOORS}
            job = {"cases": [asdict(case) for case in cases], "floors": floors, "threads": args.threads}
            load = round(os.getloadavg()[0], 2)
            turns = launch("nitido_bench.timing.turns_probe", job, effort)
            extra: Row = {"warm_up": effort.warm_up, "launches": effort.launches, "load_average": load}
            for row in rows(entries, cases, turns, quality.get(("bicubic", scale))):
                yield {"table": f"x{scale}", "scale": scale, **row, **extra}


def own_quality(file: Path) -> dict[tuple[str, int], float]:
    """PSNR on Set14 by model and scale; "bicubic" is among the models. Empty where there is no result."""
    if not file.is_file():
        return {}
    measured = [row for row in results.read(file).rows if row["set"] == PSNR_OF]
    found = {(str(row["model"]), int(row["scale"])): float(row["psnr"]) for row in measured}
    return found | {("bicubic", int(row["scale"])): float(row["bicubic_psnr"]) for row in measured}


def own(scale: int, quality: Mapping[tuple[str, int], float]) -> Iterator[Entry]:
    """The zoo's networks of a scale, the reference first."""
    names = [name for name in nitido.zoo.names() if name.startswith(f"sr-x{scale}")]
    for name in names:
        if isinstance(nitido.Bundle.open(name).manifest.task, UpscaleTask):
            yield Entry(name, name, 3, quality.get((name, scale)), HERE)


def floats(bundle: str, runtime: str) -> str:
    """The build of floats that a bundle has for a runtime: some store them as halves."""
    has = {build.target for build in nitido.Bundle.open(bundle).builds()}
    return next((t for t in (f"{runtime}-fp32", f"{runtime}-fp16") if t in has), f"{runtime}-fp32")


def others(names: Sequence[str], scale: int, runtime: str, folder: Path) -> Iterator[Entry]:
    """The peers that there are for a scale and a runtime, exported."""
    for name in names:
        peer = PEERS[name]
        if scale in peer.scales and runtime in peer.runtimes:
            targets = tuple(f"{each}-fp32" for each in peer.runtimes)
            place = peer_bundle(name, scale, targets, folder)
            yield Entry(name, str(place), peer.channels, peer.psnr.get(scale), peer.source)


def rows(
    entries: Sequence[Entry], cases: Sequence[Case], turns: Mapping[str, Turns], bicubic: float | None
) -> Iterator[Row]:
    """Networks, then the floors; ratios are to the first network, Nitido's base tier."""
    reference, peaks = turns["0"], peak(turns)
    for number, (entry, case) in enumerate(zip(entries, cases, strict=True)):
        times = turns[str(number)]
        counted = nitido.Bundle.open(entry.bundle).manifest.provenance.get("measured", {}).get("parameters")
        row: Row = {"model": entry.model, "channels": "RGB" if entry.channels == 3 else "luma"}
        row |= {"parameters": int(counted)} if counted else {}
        row |= {"target": case.target, "threads": case.threads, "size": case.size}
        row |= timed(case, times, turns, peaks) | ratio(times, reference).row("against")
        if entry.psnr is not None:
            row |= {"psnr": entry.psnr, "source": entry.source}
        yield row
    for name in FLOORS:
        row = {"model": f"Pillow {name.lower()}", "channels": "RGB", "target": cases[0].target, "threads": 1}
        row |= {"size": cases[0].size, **spread(turns[name])}
        row |= ratio(turns[name], turns[yardstick.CONVOLUTION]).row("relative")
        row |= ratio(turns[name], reference).row("against")
        if name == "BICUBIC" and bicubic is not None:
            row |= {"psnr": bicubic, "source": HERE}
        yield row


SUITE = Suite(
    name="peers",
    help="latency of Nitido's upscalers beside others' networks, by ratios in one run",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("channels", "enlarges", ""),
        ("target", "build", ""),
        ("threads", "threads", "d"),
        ("size", "input", ""),
        ("parameters", "parameters", ",d"),
        ("gflop", "GFLOP", ".2f"),
        ("median_ms", "median, ms", ".1f"),
        ("iqr_ms", "IQR", ".1f"),
        ("gflops", "GFLOP/s", ".0f"),
        ("against", "times Nitido's base", ".2f"),
        ("against_low", "from", ".2f"),
        ("against_high", "to", ".2f"),
        ("psnr", f"PSNR (Y) on {PSNR_OF}, dB", ".2f"),
        ("source", "measured by", ""),
    ),
    keys=("table", "model", "target", "threads", "size"),
    gates=(Gate("relative", "lower", 0.05, ("relative_low", "relative_high"), ratio=True),),
)
