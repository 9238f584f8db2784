"""The command ``nitido-bench``: one subcommand per suite, and ``readme`` for the tables in the documents."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import nitido
from nitido_bench import (
    ablation_sr,
    bicubic,
    contact_sheet,
    faces,
    gallery,
    import_time,
    int8,
    labels,
    memory,
    parity,
    quality_color,
    quality_restore,
    quality_sr,
    readme,
    results,
    sr_crops,
    trigger,
    trigger_cost,
)
from nitido_bench.suite import Row, markdown

SUITES = {
    suite.name: suite
    for suite in (
        bicubic.SUITE,
        quality_sr.SUITE,
        ablation_sr.SUITE,
        int8.SUITE,
        quality_restore.SUITE,
        quality_color.SUITE,
        faces.SUITE,
        trigger.SUITE,
        trigger_cost.SUITE,
        labels.SUITE,
        parity.SUITE,
        memory.SUITE,
        gallery.SUITE,
        import_time.SUITE,
    )
}


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; 0 when done, 1 when it failed or documents are out of date, 2 for bad usage."""
    words = sys.argv[1:] if argv is None else argv
    args = make_parser().parse_args(words)
    try:
        if args.suite == "readme":
            return update_documents(args.results, args.check)
        if args.suite == "contact-sheet":
            return draw_contact_sheet(args)
        if args.suite == "sr-crops":
            sr_crops.make(args)
            return 0
        return run_suite(args, "nitido-bench " + shlex.join(words))
    except (nitido.NitidoError, results.ResultError, readme.MarkerError, FileNotFoundError) as error:
        print(f"nitido-bench: {error}", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="nitido-bench", description="Measure what Nitido states about itself."
    )
    commands = parser.add_subparsers(dest="suite", required=True, metavar="SUITE")
    for suite in SUITES.values():
        command = commands.add_parser(suite.name, help=suite.help, description=suite.help)
        command.add_argument("--out", type=Path, help=f"folder for the result (default: {results.FOLDER})")
        suite.arguments(command)
    command = commands.add_parser("contact-sheet", help="draw parts of photos before and after restoration")
    contact_sheet.arguments(command)
    command = commands.add_parser("sr-crops", help="draw parts of photos and text enlarged by models")
    sr_crops.arguments(command)
    command = commands.add_parser(
        "readme", help="write the measured tables into README.md and the model cards"
    )
    command.add_argument("--results", type=Path, default=results.FOLDER)
    command.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a table is out of date"
    )
    return parser


def run_suite(args: argparse.Namespace, command: str) -> int:
    """Measure, print the table, save the result."""
    suite = SUITES[args.suite]
    rows: list[Row] = []
    for row in suite.measure(args):
        rows.append(row)
        print(" ".join(f"{key}={value}" for key, value in row.items()), file=sys.stderr)
    file = results.write(results.collect(suite.name, command, rows), args.out or results.FOLDER)
    print(markdown(suite, rows))
    print(f"\n{file}", file=sys.stderr)
    return 0


def draw_contact_sheet(args: argparse.Namespace) -> int:
    """Draw the picture and say which photos are not in it."""
    for reason in contact_sheet.make(args):
        print(f"not shown: {reason}", file=sys.stderr)
    print(args.out)
    return 0


def update_documents(folder: Path, check: bool) -> int:
    """Bring the marked tables of all documents up to date, or only say which are not."""
    measured = {file.stem: results.read(file) for file in sorted(folder.glob("*.json"))}
    tables = {name: readme.table(SUITES[name], result) for name, result in measured.items() if name in SUITES}
    changed = readme.update(readme.documents(Path()), tables, write=not check)
    for document in changed:
        print(f"{'out of date: ' if check else 'updated '}{document}")
    return 1 if check and changed else 0
