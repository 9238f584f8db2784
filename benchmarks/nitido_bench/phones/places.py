"""A machine that builds are measured on, with the tools to do it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nitido_bench.phones.shells import Adb, Here, Shell, describe


@dataclass(frozen=True)
class Place:
    """A machine with its tools, by runtime, as it knows them."""

    name: str
    shell: Shell
    tools: dict[str, str]
    is_phone: bool


def prepared(
    device: str, serial: str | None, files: Mapping[str, Path | None], libraries: Sequence[Path]
) -> Place:
    """The tools, by runtime, where they will run. Raises PhoneError."""
    shell: Shell = Adb(serial) if device == "adb" else Here()
    for library in libraries:
        shell.put(library)
    tools = {runtime: shell.put(file) for runtime, file in files.items() if file is not None}
    system = f"macOS {platform.mac_ver()[0]}" if device == "mac" else platform.system()
    name = describe(shell) if device == "adb" else f"{platform.machine()}, {system}"
    return Place(name, shell, tools, is_phone=device == "adb")
