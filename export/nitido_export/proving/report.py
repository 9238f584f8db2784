"""The matrix as JSON, as Markdown, and as a section of the model card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from nitido.bundle.bundle import Bundle
from nitido_export.errors import BundleNotWritten
from nitido_export.proving.matrix import Row

SCHEMA = 1
JSON_FILE, MARKDOWN_FILE, CARD = "matrix.json", "MATRIX.md", "MODEL_CARD.md"
START, END = "<!-- matrix -->", "<!-- end matrix -->"
HEAD = ("graph", "target", "kB", "operations", "proved in", "on it", "parity", "worst", "ms", "runtime")


def write(bundle: Bundle, rows: Sequence[Row], left_out: Mapping[str, str]) -> None:
    """Write both files beside the manifest, and the table into the card. Raises BundleNotWritten."""
    known = {
        "schema": SCHEMA,
        "bundle": bundle.manifest.name,
        "id": bundle.manifest.id,
        "rows": [asdict(row) for row in rows],
        "left_out": dict(left_out),
    }
    table = markdown(rows, left_out)
    try:
        _put(bundle.folder / JSON_FILE, json.dumps(known, indent=1) + "\n")
        _put(bundle.folder / MARKDOWN_FILE, f"# {bundle.manifest.name} on accelerators\n\n{table}\n")
        card = bundle.folder / CARD
        if card.is_file():
            _put(card, with_section(card.read_text(encoding="utf-8"), table))
    except OSError as error:
        raise BundleNotWritten(
            f"could not write the matrix to {bundle.folder}: {error.strerror}; free some space there"
        ) from error


def left_out_before(bundle: Bundle) -> dict[str, str]:
    """What an earlier matrix of the same weights says was left out, and why."""
    try:
        known = json.loads((bundle.folder / JSON_FILE).read_text(encoding="utf-8"))
        same = known["schema"] == SCHEMA and known["id"] == bundle.manifest.id
        return {str(name): str(why) for name, why in known["left_out"].items()} if same else {}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def markdown(rows: Sequence[Row], left_out: Mapping[str, str]) -> str:
    """The table, and below it why something is not in it."""
    lines = [HEAD, tuple("---" for _ in HEAD), *map(_cells, rows)]
    text = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    notes = [
        f"- `{row.target}` ({row.graph}), {row.where}: {row.outcome}: {_why(row)}"
        for row in rows
        if _why(row)
    ]
    notes += [f"- `{target}` has no build: {reason}" for target, reason in left_out.items()]
    return text + ("\n\n" + "\n".join(notes) if notes else "")


def with_section(card: str, table: str) -> str:
    """A model card with this table in its section of its own, before its limits."""
    section = f"{START}\n## Proved where\n\n{table}\n{END}"
    if START in card:
        return re.sub(f"{START}.*?{END}", lambda _: section, card, flags=re.DOTALL)
    before, limits, after = card.partition("\n## Limits\n")
    return f"{before}\n{section}\n{limits}{after}" if limits else f"{card}\n{section}\n"


def _cells(row: Row) -> tuple[str, ...]:
    kinds = ", ".join(
        f"{count} {kind}" for kind, count in sorted(row.operations.items(), key=lambda k: -k[1])
    )
    share = "" if row.delegated is None else f"{row.delegated:.0%}"
    if row.partitions:
        share += f", {row.partitions} partition{'s' if row.partitions > 1 else ''}"
    return (
        row.graph,
        f"`{row.target}`",
        f"{row.bytes / 1000:,.0f}",
        kinds,
        f"{row.where}: {row.outcome}",
        share,
        _parity(row),
        row.worst,
        "" if row.ms is None else f"{row.ms:.1f}",
        row.runtime,
    )


def _parity(row: Row) -> str:
    if row.psnr_db is not None:
        return f"{row.psnr_db:.1f} dB"
    return "" if row.max_abs is None else f"{row.max_abs:.1e} apart"


def _why(row: Row) -> str:
    refused = f"leaves {', '.join(row.refused)}" if row.refused else ""
    return "; ".join(filter(None, (row.reason.splitlines()[0] if row.reason else "", refused)))


def _put(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
