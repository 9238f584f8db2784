"""``nitido-export``: checkpoints to proved bundles, and what accelerators make of them."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from nitido.errors import InvalidOption, NitidoError
from nitido_export import targets
from nitido_export.errors import TargetUnknown
from nitido_export.targets import EVERYWHERE, TARGETS


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 exported, 1 not exported, 2 bad usage."""
    args = _parser().parse_args(argv)
    try:
        _run(args)
    except ImportError as error:  # torch is imported when it is needed, so that --help works without
        print(f"nitido-export: {error}; pip install 'nitido[export]'", file=sys.stderr)
        return 1
    except NitidoError as error:
        print(f"nitido-export: {error}", file=sys.stderr)
        return 2 if isinstance(error, TargetUnknown | InvalidOption) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nitido-export", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle", help="export one checkpoint")
    bundle.add_argument("checkpoint", type=Path, help=".safetensors, its .json beside it")
    bundle.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the bundle's folder")
    bundle.add_argument("--size", metavar="WxH", help="of images of builds whose shapes are fixed")
    zoo = commands.add_parser("zoo", help="export every checkpoint of a folder, each to a bundle of its name")
    zoo.add_argument("-o", "--output", type=Path, default=Path("sdk/nitido/zoo"), metavar="DIR")
    release = commands.add_parser("release", help="the same with every target that makes sense, and matrices")
    release.add_argument("-o", "--output", type=Path, default=Path("release"), metavar="DIR")
    release.add_argument(
        "--resume", action="store_true", help="keep bundles of the same checkpoints that have a whole matrix"
    )
    matrix = commands.add_parser("matrix", help="prove the builds of bundles wherever this machine can")
    matrix.add_argument(
        "bundles", nargs="+", metavar="BUNDLE", help="folders of bundles, or names of the zoo"
    )
    page = commands.add_parser("page", help="gather matrices on one page, and in the model cards of the zoo")
    page.add_argument("bundles", nargs="*", type=Path, metavar="DIR", help="folders of bundles with matrices")
    page.add_argument("-o", "--output", type=Path, default=Path("docs/targets.md"), metavar="FILE")
    page.add_argument(
        "--zoo", type=Path, default=Path("sdk/nitido/zoo"), metavar="DIR", help="of those cards"
    )
    explain = commands.add_parser("explain", help="name what would fall off an accelerator, and its line")
    explain.add_argument(
        "checkpoint", type=Path, metavar="MODEL", help=".safetensors, its .json beside it, or a name of one"
    )
    sample = commands.add_parser(
        "sample", help="write a model, raw golden vectors and steps, to verify a port"
    )
    sample.add_argument("bundle", metavar="MODEL", help="a bundle's folder, or a name of the zoo")
    sample.add_argument("output", type=Path, metavar="DIR")
    sample.add_argument("--target", default="litert", help="a target or a runtime (default: %(default)s)")
    sample.add_argument("--graph", default="main", help="default: %(default)s")
    for command in (zoo, release, matrix, explain):
        command.add_argument("--checkpoints", type=Path, default=Path("training/checkpoints"), metavar="DIR")
    yunet = commands.add_parser("import-yunet", help="make a checkpoint of the published YuNet face detector")
    yunet.add_argument("file", type=Path, help="yunet_n as ONNX, with free sides")
    yunet.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="checkpoint to write (.safetensors)"
    )
    for command in (bundle, zoo, release):
        command.add_argument(
            "--targets",
            metavar="T,T,...",
            help=f"of {', '.join(TARGETS)}; default: {', '.join(EVERYWHERE)}, and 8 bits where they ship; "
            f"release: all",
        )
        command.add_argument(
            "--calibration",
            type=Path,
            metavar="DIR",
            help="photos to see the ranges of 8 and 16 bits on (default: those of --samples)",
        )
    for command in (bundle, zoo, release, matrix, yunet):
        command.add_argument(
            "--samples", type=Path, default=Path("samples"), metavar="DIR", help="photos to prove builds on"
        )
    return parser


def _run(args: argparse.Namespace) -> None:
    names = args.targets.split(",") if getattr(args, "targets", None) else None
    targets.find(names)  # a name that is wrong is bad usage, before anything is read
    commands = importlib.import_module("nitido_export.commands")  # here alone torch is needed
    lines: Iterator[str] = getattr(commands, args.command.replace("-", "_"))(args)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
