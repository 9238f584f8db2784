"""``nitido demo``: the app for a browser, where it is installed; the sdk itself knows only its name."""

from __future__ import annotations

import importlib
from typing import Any

from nitido.cli.options import Command, Subparsers, add_json
from nitido.cli.output import Output
from nitido.errors import RuntimeUnavailable

_APP = "nitido_demo.serving"
"""Looked up when the command runs: the app is built on the sdk, not the other way round."""


class Args(Command):
    """The command's options."""

    photos: str | None
    host: str
    port: int
    token: str | None
    state: str | None
    certificate: str | None
    key: str | None


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "demo",
        help="open a gallery, a camera and a rating page in the browser",
        description="Serve the demo app on this machine: a gallery of photos with suggestions, before and "
        "after, a camera, ratings, and the models running in the browser itself. Other machines can reach it "
        "only with --host, and then need the token that the printed address carries.",
    )
    add_json(parser)
    parser.add_argument("--photos", metavar="DIR", help="a folder of photos (default: a copy of the samples)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 for all (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=8765, help="the port; 0 for any that is free (default: %(default)s)"
    )
    parser.add_argument("--token", help="what requests must show (default: a random one for other hosts)")
    parser.add_argument(
        "--state", metavar="DIR", help="where jobs, ratings and pictures are kept (default: the user's data)"
    )
    parser.add_argument(
        "--certificate", metavar="PEM", help="serve HTTPS: a phone's camera needs it (with --key)"
    )
    parser.add_argument("--key", metavar="PEM", help="the certificate's private key")
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Serve until interrupted; returns False, for no file can fail."""
    try:
        app: Any = importlib.import_module(_APP)
    except ImportError as error:
        raise RuntimeUnavailable(
            f"expected the packages of the demo app, got none of {error.name}; pip install 'nitido[demo]'"
        ) from error

    def say(address: str) -> None:
        output.record({"address": address})
        output.text(address)

    options = ("photos", "host", "port", "token", "state", "certificate", "key")
    app.serve(say, **{name: getattr(args, name) for name in options})
    return False
