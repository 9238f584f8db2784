"""``nitido models``: the bundles that ship with Nitido."""

from __future__ import annotations

import argparse

from nitido.cli.options import Subparsers, add_json
from nitido.cli.output import Output


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser("models", help="list the models that ship with Nitido")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, output: Output) -> bool:
    """List the zoo; returns False, for no file can fail."""
    from nitido import zoo
    from nitido.bundle.bundle import Bundle

    rows = []
    for name in zoo.names():
        manifest = Bundle.open(zoo.folder(name)).manifest
        output.record(
            {
                "name": name,
                "id": manifest.id,
                "task": manifest.task.kind,
                "description": manifest.description,
                "licence": manifest.licence,
                "builds": [
                    {"graph": build.graph, "target": build.target, "bytes": build.bytes}
                    for build in manifest.builds
                ],
            }
        )
        sizes: dict[str, int] = {}
        for build in manifest.builds:
            sizes[build.target] = sizes.get(build.target, 0) + build.bytes
        builds = ", ".join(f"{target} ({size / 1e6:.2f} MB)" for target, size in sizes.items())
        rows.append([name, manifest.task.kind, manifest.id, builds, manifest.description])
    output.table(["name", "task", "id", "builds", "description"], rows)
    return False
