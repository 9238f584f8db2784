"""``nitido doctor``: which runtimes and devices this machine has for a model, and why not the others."""

from __future__ import annotations

import argparse
import platform
from dataclasses import asdict

from nitido import __version__
from nitido.cli.options import Subparsers, add_json
from nitido.cli.output import Output

DEVICES = ("auto", "cpu", "gpu", "npu")


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "doctor", help="tell which runtimes and devices run here, and why not others"
    )
    add_json(parser)
    parser.add_argument(
        "--model", default="sr-x2", help="a bundle of the zoo or a folder (default: %(default)s)"
    )
    parser.add_argument("--runtime", metavar="NAME", help="onnx, litert or a build such as onnx-fp32")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, output: Output) -> bool:
    """Open the model on each device; returns False, for what is not here is no failure."""
    from nitido.bundle.bundle import Bundle
    from nitido.errors import GoldenMismatch, RuntimeUnavailable
    from nitido.runtime import open_session

    bundle = Bundle.open(args.model)
    output.text(f"nitido {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for device in DEVICES:
        try:
            info = open_session(bundle, runtime=args.runtime, device=device).info
        except (RuntimeUnavailable, GoldenMismatch) as error:
            output.record({"asked": device, "got": None, "why": str(error)})
            output.text(f"\n{device}: none\n{error}")
            continue
        assert info.placement is not None  # open_session always tells
        output.record({"asked": device, "got": str(info), "placement": asdict(info.placement)})
        output.text(f"\n{device}: {info}\n{info.placement}")
    return False
