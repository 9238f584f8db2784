"""``nitido demo``: check the options, print the address, serve until interrupted."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from nitido.errors import InvalidOption
from nitido_demo.live import MOST_BYTES
from nitido_demo.settings import Settings, default_state
from nitido_demo.web import create

_HERE = Path(__file__).parent
_SAMPLES = (_HERE / "samples", _HERE.parent.parent / "samples")
"""In a wheel, and in a checkout."""
_SHORTEST_TOKEN = 12


@dataclass(frozen=True)
class Options:
    """What the command line was told."""

    photos: str | None = None
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    state: str | None = None
    certificate: str | None = None
    key: str | None = None


def serve(say: Callable[[str], None], **options: Any) -> None:
    """Run the app until interrupted; ``say`` gets the one line with its address. Raises InvalidOption."""
    settings = prepare(Options(**options))
    listener = _listen(settings)
    settings = replace(settings, port=listener.getsockname()[1])
    config = uvicorn.Config(
        create(settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
        limit_concurrency=512,
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise InvalidOption(f"expected a certificate and its key in PEM files, got: {error}") from error
    say(address(settings))
    uvicorn.Server(config).run(sockets=[listener])


def prepare(options: Options) -> Settings:
    """The settings that options mean: samples without photos, and a token where others can connect."""
    folder = Path(options.photos) if options.photos is not None else None
    if folder is not None and not folder.is_dir():
        raise InvalidOption(f"expected a folder of photos, got {folder}; give a folder that exists")
    if options.token is not None and len(options.token) < _SHORTEST_TOKEN:
        raise InvalidOption(
            f"expected a token of at least {_SHORTEST_TOKEN} characters, got a shorter one; leave it out"
        )
    if (options.certificate is None) != (options.key is None):
        raise InvalidOption("expected --certificate and --key together, got one of them; give both")
    home = Path(options.state) if options.state is not None else default_state(folder or _HERE)
    if folder is not None and home.resolve().is_relative_to(folder.resolve()):
        raise InvalidOption(f"expected --state outside of the photos, got {home}; choose another folder")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidOption(f"expected a folder to keep jobs in, got {home}: {error.strerror}") from error
    settings = Settings(
        folder or _own_samples(home),
        home,
        options.host,
        options.port,
        options.token,
        None if options.certificate is None else Path(options.certificate),
        None if options.key is None else Path(options.key),
    )
    if settings.is_local or settings.token is not None:
        return settings
    return replace(settings, token=secrets.token_urlsafe(18))


def address(settings: Settings) -> str:
    """What to open: with the token where one is needed."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    if host in ("0.0.0.0", "[::]"):
        host = _own_address()
    query = f"?token={settings.token}" if settings.token else ""
    scheme = "http" if settings.certificate is None else "https"
    return f"{scheme}://{host}:{settings.port}/{query}"


def _own_samples(home: Path) -> Path:
    """A copy of the samples to play with: accepted versions must not end up in the package."""
    folder = home / "samples"
    source = next((place for place in _SAMPLES if place.is_dir()), None)
    if source is None:
        raise InvalidOption("expected --photos DIR, for this installation has no samples")
    folder.mkdir(exist_ok=True)
    for photo in source.iterdir():
        if photo.suffix in (".jpg", ".png") and not (folder / photo.name).exists():
            shutil.copy2(photo, folder / photo.name)
    return folder


def _listen(settings: Settings) -> socket.socket:
    """The socket, which takes connections before the address is printed."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise InvalidOption(
            f"expected to listen on {settings.host}, port {settings.port}: {error}; choose another --port"
        ) from error
    return listener


def _own_address() -> str:
    """The name by which others on the network are likely to reach this machine."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return socket.gethostname()
