"""Suite ``blind``: upscaling when the kernel is unknown, against known kernels and plain upscalers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

import nitido
from nitido.blind import BlindUpscaler, KernelShape
from nitido.photo.model import Pixels
from nitido_bench import blind_cases, blind_search, testsets
from nitido_bench.blind_cases import Case, VaryingCase
from nitido_bench.suite import Row, Suite
from nitido_train.data import held_out_photos, load_all
from nitido_train.metrics import psnr_y
from nitido_train.resample import bicubic_upscale

TABLES = ("gaussian", "anisotropic", "bicubic", "varying", *blind_search.TABLES)
_SINGLE = tuple(np.linspace(0, 1, 7))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with Set5, Set14 and BSD100")
    parser.add_argument("--photos", type=Path, help="training photos, of which the held-out ones are taken")
    parser.add_argument(
        "--bundle", nargs="+", default=[], help="bundles by folder or name (default: blind-x2, blind-x4)"
    )
    parser.add_argument("--checkpoint", type=Path, help="that of a single bundle: adds the search in torch")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES, help="default: all")
    parser.add_argument("--runtime", help="onnx or litert (default: what the sdk chooses)")
    parser.add_argument("--limit", type=int, help="only the first photos of each set")
    parser.add_argument("--searched", type=int, default=20, help="photos of search tables (default: 20)")
    parser.add_argument("--plot", type=Path, help="PNG of quality against iterations, one per scale")


def measure(args: argparse.Namespace) -> Iterator[Row]:
    """Rows of the chosen tables for each bundle."""
    names = args.bundle or [name for name in nitido.zoo.names() if name.startswith("blind-x")]
    if not names:
        raise FileNotFoundError("expected a blind upscaler in the zoo, found none; pass --bundle FOLDER")
    for name in names:
        upscaler = BlindUpscaler.open(name, runtime=args.runtime)
        sets = _sets(args)
        who: Row = {"model": Path(name).name, "scale": upscaler.scale, "target": upscaler.info.target}
        for table in args.tables:
            for row in _measured(table, upscaler, sets, args):
                yield {**who, "table": table, **row}


def _sets(args: argparse.Namespace) -> dict[str, list[Pixels]]:
    sets = {
        name: [testsets.as_rgb(testsets.load(file)) for file in testsets.files(args.data, name, args.limit)]
        for name in testsets.SETS
    }
    if args.photos is not None:
        sets["held-out photos"] = load_all(held_out_photos(args.photos)[: args.limit or 20])
    return sets


def _measured(
    table: str, upscaler: BlindUpscaler, sets: dict[str, list[Pixels]], args: argparse.Namespace
) -> Iterable[Row]:
    scale = upscaler.scale
    if table == "gaussian":
        for sigma in blind_cases.SIGMAS[scale]:
            cases = blind_cases.gaussian(sets["Set5"], scale, sigma)
            yield {"set": "Set5", "kernel": f"sigma {sigma:g}", **compared(upscaler, cases)}
    elif table == "anisotropic":
        for name in ("BSD100", "held-out photos"):
            if name in sets:
                cases = blind_cases.anisotropic(sets[name], scale)
                yield {"set": name, "kernel": "random", **compared(upscaler, cases)}
    elif table == "bicubic":
        for name in testsets.SETS:
            cases = blind_cases.bicubic(sets[name], scale)
            yield {"set": name, "kernel": "bicubic", **compared(upscaler, cases)}
    elif table == "varying":
        for kind, make in (("halves", blind_cases.halves), ("ramps", blind_cases.ramps)):
            yield {"set": "BSD100", "kernel": kind, **varying(upscaler, make(sets["BSD100"], scale))}
    else:
        searched = list(blind_cases.anisotropic(sets["BSD100"][: args.searched], scale, seed=1))
        plot = args.plot and args.plot.with_stem(f"{args.plot.stem}-x{scale}")
        yield from blind_search.measured(table, upscaler, searched, args.checkpoint, plot)


def compared(upscaler: BlindUpscaler, cases: Iterable[Case]) -> Row:
    """Mean PSNR of luma of bicubic, the plain upscaler, the estimated and the known kernel."""
    plain = nitido.Upscaler.open(scale=upscaler.scale)
    ways: dict[str, Callable[[Case], Pixels]] = {
        "psnr_bicubic": lambda case: bicubic_upscale(case.small, upscaler.scale),
        "psnr_plain": lambda case: plain(case.small),
        "psnr_blind": lambda case: upscaler(case.small),
        "psnr_known": lambda case: upscaler(case.small, case.kernel),
    }
    found = [[psnr_y(way(case), case.large, upscaler.scale) for way in ways.values()] for case in cases]
    means = dict(zip(ways, (round(float(value), 3) for value in np.mean(found, axis=0)), strict=True))
    return {
        "photos": len(found),
        **means,
        "gain": round(means["psnr_blind"] - means["psnr_plain"], 3),
        "short": round(means["psnr_known"] - means["psnr_blind"], 3),
    }


def varying(upscaler: BlindUpscaler, cases: Iterable[VaryingCase]) -> Row:
    """Mean PSNR with the one kernel that is best for each photo, with estimated and with known maps."""
    scale = upscaler.scale
    singles: Sequence[KernelShape] = [blind_cases.soft(float(share), scale) for share in _SINGLE]
    found = []
    for case in cases:
        best = max(psnr_y(upscaler(case.small, shape), case.large, scale) for shape in singles)
        estimate = upscaler.estimate(case.small)
        results = (
            upscaler(case.small, estimate),
            upscaler(case.small, map=upscaler.estimate_map(case.small, estimate)),
            upscaler(case.small, map=case.map),
        )
        found.append([best, *(psnr_y(result, case.large, scale) for result in results)])
    best, one, regions, known = (round(float(value), 3) for value in np.mean(found, axis=0))
    return {
        "photos": len(found),
        "psnr_single": best,
        "psnr_blind": one,
        "psnr_regions": regions,
        "psnr_known": known,
        "gain_regions": round(regions - best, 3),
    }


SUITE = Suite(
    name="blind",
    help="unknown kernels: PSNR with estimated and known ones, the estimates, the judge, and the cost",
    arguments=arguments,
    measure=measure,
    columns=(
        ("model", "model", ""),
        ("scale", "scale", "d"),
        ("set", "set", ""),
        ("kernel", "made small by", ""),
        ("photos", "photos", "d"),
        ("psnr_bicubic", "bicubic, dB", ".2f"),
        ("psnr_plain", "plain upscaler", ".2f"),
        ("psnr_single", "best single kernel", ".2f"),
        ("psnr_blind", "blind", ".2f"),
        ("psnr_regions", "blind, by region", ".2f"),
        ("psnr_known", "kernel known", ".2f"),
        ("gain", "gain over plain", "+.2f"),
        ("gain_regions", "gain over single", "+.2f"),
        ("short", "short of known", ".2f"),
        *blind_search.COLUMNS,
    ),
)
