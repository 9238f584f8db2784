"""The matrix as JSON, as Markdown, and as a section of the model card."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from nitido.bundle.bundle import Bundle
from nitido.errors import BundleError
from nitido_export.errors import BundleNotWritten, MatrixInvalid
from nitido_export.proving.matrix import Row

SCHEMA = 1
JSON_FILE, MARKDOWN_FILE, CARD = "matrix.json", "MATRIX.md", "MODEL_CARD.md"
START, END = "<!-- matrix -->", "<!-- end matrix -->"
HEAD = ("graph", "target", "kB", "operations", "proved in", "on it", "parity", "worst", "ms", "runtime")
OF_BUILD = HEAD[:4]
"""Columns that are the same wherever a build is proved: told once."""


@dataclass(frozen=True)
class Matrix:
    """What a matrix file holds."""

    bundle: str
    id: str
    rows: tuple[Row, ...]
    left_out: Mapping[str, str]


def write(bundle: Bundle, rows: Sequence[Row], left_out: Mapping[str, str]) -> None:
    """Write both files beside the manifest, and the table into the card. Raises BundleNotWritten."""
    known = {
        "schema": SCHEMA,
        "bundle": bundle.manifest.name,
        "id": bundle.manifest.id,
        "rows": [asdict(row) for row in rows],
        "left_out": dict(left_out),
    }
    shown = markdown(rows, left_out)
    try:
        put(bundle.folder / JSON_FILE, json.dumps(known, indent=1) + "\n")
        put(bundle.folder / MARKDOWN_FILE, f"# {bundle.manifest.name} on accelerators\n\n{shown}\n")
        card = bundle.folder / CARD
        if card.is_file():
            put(card, with_section(card.read_text(encoding="utf-8"), shown))
    except OSError as error:
        raise BundleNotWritten(
            f"could not write the matrix to {bundle.folder}: {error.strerror}; free some space there"
        ) from error


def read(file: Path) -> Matrix:
    """A matrix that ``write`` wrote. Raises MatrixInvalid."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["schema"] != SCHEMA:
            raise ValueError(f"schema {known['schema']}")
        rows = tuple(Row(**row | {"refused": tuple(row["refused"])}) for row in known["rows"])
        return Matrix(str(known["bundle"]), str(known["id"]), rows, dict(known["left_out"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MatrixInvalid(
            f"expected {file} to be a matrix of schema {SCHEMA}, got {error}; make it with nitido-export "
            f"release or matrix"
        ) from error


def left_out_before(bundle: Bundle) -> dict[str, str]:
    """What an earlier matrix of the same weights says was left out, and why."""
    try:
        before = read(bundle.folder / JSON_FILE)
    except MatrixInvalid:
        return {}
    return dict(before.left_out) if before.id == bundle.manifest.id else {}


def is_whole(folder: Path, model: str, targets: Sequence[str]) -> bool:
    """Whether a folder has the bundle of these weights, and a matrix that tells of all these targets."""
    try:
        bundle, known = Bundle.open(folder), read(folder / JSON_FILE)
    except (BundleError, MatrixInvalid):
        return False
    told = {*(build.target for build in bundle.manifest.builds), *known.left_out}
    return bundle.manifest.id == known.id == model and told == set(targets)


def markdown(rows: Sequence[Row], left_out: Mapping[str, str], columns: Sequence[str] = HEAD) -> str:
    """The table, and below it why something is not in it."""
    cells, before = [], None
    for row in rows:
        known = _cells(row) | (dict.fromkeys(OF_BUILD, "") if row.file == before else {})
        cells.append(tuple(known[name] for name in columns))
        before = row.file
    notes = [
        f"- `{row.target}` ({row.graph}), {row.where}: {row.outcome}: {_why(row)}"
        for row in rows
        if _why(row)
    ]
    notes += [f"- `{target}` has no build: {reason}" for target, reason in left_out.items()]
    return table(columns, cells) + ("\n\n" + "\n".join(notes) if notes else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def with_section(card: str, table: str) -> str:
    """A model card with this table in its section of its own, before its limits."""
    section = f"{START}\n## Proved where\n\n{table}\n{END}"
    if START in card:
        return re.sub(f"{START}.*?{END}", lambda _: section, card, flags=re.DOTALL)
    before, limits, after = card.partition("\n## Limits\n")
    return f"{before}\n{section}\n{limits}{after}" if limits else f"{card}\n{section}\n"


def _cells(row: Row) -> dict[str, str]:
    kinds = sorted(row.operations.items(), key=lambda kind: -kind[1])
    share = "" if row.delegated is None else f"{row.delegated:.0%}"
    if row.partitions:
        share += f", {row.partitions} partition{'s' if row.partitions > 1 else ''}"
    cells = (
        row.graph,
        f"`{row.target}`",
        f"{row.bytes / 1000:,.0f}",
        ", ".join(f"{count} {kind}" for kind, count in kinds),
        f"{row.where}: {row.outcome}",
        share,
        _parity(row),
        row.worst,
        "" if row.ms is None else f"{row.ms:.1f}",
        row.runtime,
    )
    return dict(zip(HEAD, cells, strict=True))


def _parity(row: Row) -> str:
    if row.psnr_db is not None:
        return f"{row.psnr_db:.1f} dB"
    return "" if row.max_abs is None else f"{row.max_abs:.1e} apart"


def _why(row: Row) -> str:
    kinds = Counter(row.refused)
    left = ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in kinds.items())
    refused = f"leaves {left}" if left else ""
    return "; ".join(filter(None, (row.reason.splitlines()[0] if row.reason else "", refused)))


def put(file: Path, text: str) -> None:
    """Write a file whole or not at all. Raises OSError."""
    partial = file.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
