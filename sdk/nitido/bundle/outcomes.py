"""Remembers, in the user's cache folder, which sessions agreed with their golden vectors."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nitido.bundle.bundle import Bundle
from nitido.cache import cache_folder

if TYPE_CHECKING:
    from nitido.runtime.session import Session

CHECK = 1
"""Count up when the limits of the golden check become stricter: older outcomes are then not believed."""


@dataclass(frozen=True)
class Agreement:
    """Largest and mean distance to the golden outputs, over all of them; images count 0..1."""

    max_abs: float
    mean_abs: float


def recall(bundle: Bundle, session: Session) -> Agreement | None:
    """How well such a session agreed on this machine earlier, or None."""
    record = _record(bundle, session)
    try:
        outcome = json.loads(_file(record).read_text(encoding="utf-8"))
        known = session.info.runtime != "function" and outcome["for"] == record
        return Agreement(**outcome["agreement"]) if known else None
    except (OSError, ValueError, TypeError, KeyError):  # none, or not ours to read: check again
        return None


def remember(bundle: Bundle, session: Session, agreement: Agreement) -> None:
    """Keep the outcome; where that is not possible, the next opening checks again."""
    if session.info.runtime == "function":
        return  # functions have no version: another one may come next
    record = _record(bundle, session)
    file = _file(record)
    partial = file.with_suffix(f".{os.getpid()}.tmp")
    outcome = {"for": record, "agreement": asdict(agreement)}
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(outcome, indent=1), encoding="utf-8")
        partial.replace(file)


def _record(bundle: Bundle, session: Session) -> dict[str, Any]:
    """What must be the same for an earlier outcome to hold."""
    return {
        "check": CHECK,
        "bundle": bundle.digest,
        "graph": session.build.graph,
        "build": session.build.sha256,
        "runtime": asdict(replace(session.info, placement=None)),
        "machine": [platform.node(), platform.platform(), platform.machine()],
    }


def _file(record: dict[str, Any]) -> Path:
    name = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]
    return cache_folder() / "golden" / f"{name}.json"
