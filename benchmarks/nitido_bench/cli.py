"""The command ``nitido-bench``: one subcommand per suite, and others for what is done with results."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import nitido
from nitido_bench import results
from nitido_bench.errors import BenchError
from nitido_bench.suite import Row, markdown
from nitido_bench.suites import NAMES, open_suite

COMMANDS = {
    "compare": "judge a result against an earlier one of the same suite; exit status 1 when it is worse",
    "report": "all results as Markdown, plots and one HTML page",
    "readme": "write the measured tables into README.md and the model cards",
    "contact-sheet": "draw parts of photos before and after restoration",
    "sr-crops": "draw parts of photos and text enlarged by models",
}
"""What is no suite: each is a module with ``arguments(parser)`` and ``run(args) -> (exit status, text)``."""


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; 0: done, 1: failed, judged worse or found out of date, 2: bad usage."""
    words = sys.argv[1:] if argv is None else argv
    known = [word for word in words[:1] if word in (*NAMES, *COMMANDS)]
    try:
        args = make_parser(known or (*NAMES, *COMMANDS)).parse_args(words)
        if args.suite in NAMES:
            return run_suite(args, "nitido-bench " + shlex.join(words))
        run: Callable[[argparse.Namespace], tuple[int, str]] = _module(args.suite).run
        status, told = run(args)
        print(told)
        return status
    except (nitido.NitidoError, BenchError, FileNotFoundError) as error:
        print(f"nitido-bench: {error}", file=sys.stderr)
        return 1


def make_parser(names: Sequence[str] = (*NAMES, *COMMANDS)) -> argparse.ArgumentParser:
    """The parser of the command line, of some subcommands or of all: each imports its module."""
    parser = argparse.ArgumentParser(
        prog="nitido-bench", description="Measure what Nitido states about itself."
    )
    commands = parser.add_subparsers(dest="suite", required=True, metavar="SUITE")
    for name in names:
        if name in NAMES:
            suite = open_suite(name)
            command = commands.add_parser(name, help=suite.help, description=suite.help)
            command.add_argument(
                "--out", type=Path, help=f"folder for the result (default: {results.FOLDER})"
            )
            suite.arguments(command)
        else:
            _module(name).arguments(commands.add_parser(name, help=COMMANDS[name]))
    return parser


def run_suite(args: argparse.Namespace, command: str) -> int:
    """Measure, print the table, save the result; what a suite finished before it failed is saved too."""
    suite, folder = open_suite(args.suite), args.out or results.FOLDER
    rows: list[Row] = []
    try:
        for row in suite.measure(args):
            rows.append(row)
            print(" ".join(f"{key}={value}" for key, value in row.items()), file=sys.stderr)
    except BaseException:
        if rows:
            file = results.write(results.collect(suite.name, command, rows), folder, partial=True)
            print(f"{file} has the {len(rows)} rows that were finished", file=sys.stderr)
        raise
    file = results.write(results.collect(suite.name, command, rows), folder)
    print(markdown(suite, rows))
    print(f"\n{file}", file=sys.stderr)
    return 0


def _module(command: str) -> ModuleType:
    return import_module(f"nitido_bench.{command.replace('-', '_')}")
