"""The ``nitido`` command: one module per subcommand, each with ``add`` (its options) and ``run``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from nitido import __version__
from nitido.cli import assess, colorize, demo, doctor, enhance, models, share, suggest, upscale, video
from nitido.cli.output import Output
from nitido.errors import (
    BuildMissing,
    BundleNotFound,
    DestinationIsSource,
    InvalidOption,
    NitidoError,
    PairMismatch,
    RuntimeUnavailable,
    WrongTask,
)

DONE, SOME_FAILED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

_BAD_USAGE = (
    InvalidOption,
    DestinationIsSource,
    BundleNotFound,
    BuildMissing,
    WrongTask,
    PairMismatch,
    RuntimeUnavailable,
)
"""Errors that another command line would not meet."""

_EPILOG = "Exit status: 0 done, 1 some files failed (and which), 2 bad usage, 130 interrupted."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; see ``_EPILOG``."""
    try:
        args = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed help, the version or what is wrong
        return stop.code if isinstance(stop.code, int) else BAD_USAGE
    output = Output(as_json=args.json)
    try:
        failed: int = args.run(args, output)
        sys.stdout.flush()
    except KeyboardInterrupt:
        output.note("Interrupted. What is finished is kept; run the same command again to go on.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as in: nitido assess photos | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    except NitidoError as error:
        output.note(f"nitido {args.command}: {error}")
        return BAD_USAGE if isinstance(error, _BAD_USAGE) else SOME_FAILED
    return SOME_FAILED if failed else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nitido", description="Tell which photos are worth enhancing, and enhance those.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"nitido {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (assess, suggest, enhance, upscale, colorize, share, video, models, doctor, demo):
        command.add(commands)
    return parser
