"""``nitido-export``: checkpoints to bundles, and published weights to checkpoints, on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nitido.errors import NitidoError
from nitido.photo.model import Pixels
from nitido_export import targets
from nitido_export.errors import CheckpointMissing, TargetUnknown
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
        return 2 if isinstance(error, TargetUnknown) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nitido-export", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle", help="export one checkpoint")
    bundle.add_argument("checkpoint", type=Path, help=".safetensors, its .json beside it")
    bundle.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the bundle's folder")
    zoo = commands.add_parser("zoo", help="export every checkpoint of a folder, each to a bundle of its name")
    zoo.add_argument("--checkpoints", type=Path, default=Path("training/checkpoints"), metavar="DIR")
    zoo.add_argument("-o", "--output", type=Path, default=Path("sdk/nitido/zoo"), metavar="DIR")
    yunet = commands.add_parser("import-yunet", help="make a checkpoint of the published YuNet face detector")
    yunet.add_argument("file", type=Path, help="yunet_n as ONNX, with free sides")
    yunet.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="checkpoint to write (.safetensors)"
    )
    for command in (bundle, zoo):
        command.add_argument(
            "--targets",
            metavar="T,T,...",
            help=f"of {', '.join(TARGETS)}; default: {', '.join(EVERYWHERE)}, and 8 bits where they ship",
        )
        command.add_argument(
            "--calibration",
            type=Path,
            metavar="DIR",
            help="photos to see the ranges of 8 and 16 bits on (default: those of --samples)",
        )
    for command in (bundle, zoo, yunet):
        command.add_argument(
            "--samples", type=Path, default=Path("samples"), metavar="DIR", help="photos to prove builds on"
        )
    return parser


def _run(args: argparse.Namespace) -> None:
    from nitido_export.photos import load_photos

    if args.command == "import-yunet":
        from nitido_export.import_yunet import import_yunet

        import_yunet(args.file, args.output, load_photos(args.samples))
        print(f"{args.output}: the weights of {args.file}")
        return
    names = args.targets.split(",") if args.targets else None
    targets.find(names)  # a name that is wrong is bad usage, before anything is read
    photos = load_photos(args.samples)
    calibration = load_photos(args.calibration, "--calibration") if args.calibration else None
    if args.command == "bundle":
        chosen = {args.checkpoint: args.output}
    else:
        chosen = {file: args.output / file.stem for file in _exportable(args.checkpoints)}
    for checkpoint, folder in chosen.items():
        _export(checkpoint, folder, names, photos, calibration)


def _exportable(folder: Path) -> list[Path]:
    """The checkpoints of a folder that make a bundle of their own."""
    from nitido_export.checkpoints import read_provenance
    from nitido_export.families import FAMILIES

    found = [f for f in sorted(folder.glob("*.safetensors")) if read_provenance(f).recipe in FAMILIES]
    if not found:
        raise CheckpointMissing(f"expected .safetensors in {folder}, found none; pass --checkpoints DIR")
    return found


def _export(
    checkpoint: Path,
    folder: Path,
    names: Sequence[str] | None,
    photos: Sequence[Pixels],
    calibration: Sequence[Pixels] | None,
) -> None:
    from nitido_export.bundle_writer import write_bundle
    from nitido_export.families import open_model

    model = open_model(checkpoint)
    chosen = targets.find(names, model.provenance.recipe)
    manifest = write_bundle(model, folder, chosen, photos, calibration)
    print(f"{folder}: {manifest.name} {manifest.id}")
    for build in manifest.builds:
        close = ", ".join(f"{name} {value:g}" for name, value in build.parity.items())
        print(f"  {build.graph} {build.target}: {build.bytes:,} bytes, {close}")


if __name__ == "__main__":
    sys.exit(main())
