"""The page of all matrices: what of the zoo was proved where, made from the files that the proofs wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nitido.bundle.bundle import Bundle
from nitido_export.errors import BundleNotWritten
from nitido_export.proving import report
from nitido_export.proving.matrix import Row
from nitido_export.proving.provers import PROVERS
from nitido_export.proving.report import Matrix

INTRODUCTION = """\
# Targets

What builds of the zoo are, and where they were proved. Made by `nitido-export page` from the matrices that
`nitido-export release` wrote. [quantisation.md](quantisation.md) says what the targets are, how close to
torch each must be, what the places show, and what was changed where an accelerator refused. The matrices as
JSON lie in [targets/](targets/).

Of each place: how many of the builds that it is for were proved there, as a whole and close enough to torch.
"""
LEGEND = """\
"on it" is the share of operations that the accelerator takes, and in how many partitions. Parity is the
distance to torch on the worst photo; "worst" is where the largest difference is: the tensor, and channel, row
and column in it. Rows without graph and target belong to the build above.
"""


def write_page(bundles: Sequence[Path], page: Path, zoo: Path) -> list[Path]:
    """Write the page and, into a folder of its name beside it, the matrices of these bundles.

    Matrices of other models that are in that folder already stay. Each matrix also goes into the model card
    of its bundle in the folder ``zoo``, where that is of the same weights. Returns the files. Raises
    MatrixInvalid, BundleNotWritten.
    """
    matrices = [report.read(folder / report.JSON_FILE) for folder in bundles]
    beside = page.with_suffix("")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        for folder, matrix in zip(bundles, matrices, strict=True):
            text = (folder / report.JSON_FILE).read_text(encoding="utf-8")
            report.put(beside / f"{matrix.bundle}.json", text)
        files = sorted(beside.glob("*.json"))
        known = [report.read(file) for file in files]
        report.put(page, render(known))
        cards = [card for matrix in known for card in _cards(matrix, zoo)]
    except OSError as error:
        raise BundleNotWritten(
            f"could not write {page}: {error.strerror}; free some space or choose another -o"
        ) from error
    return [page, *files, *cards]


def render(matrices: Sequence[Matrix]) -> str:
    """The page as Markdown."""
    head = ("model", *(prover.what for prover in PROVERS.values()), "left out")
    summary = report.table(head, [_summary(matrix) for matrix in matrices])
    parts = [INTRODUCTION, summary, "", LEGEND]
    for matrix in matrices:
        parts += [f"## {matrix.bundle}\n\n`{matrix.id}`\n", _shown(matrix), ""]
    return "\n".join(parts)


def _shown(matrix: Matrix) -> str:
    columns = tuple(name for name in report.HEAD if name != "ms")  # of a machine that did other things too
    return report.markdown(matrix.rows, matrix.left_out, columns)


def _cards(matrix: Matrix, zoo: Path) -> list[Path]:
    """The model card that a matrix was written into; none where the zoo has no bundle of these weights."""
    card = zoo / matrix.bundle / report.CARD
    if not card.is_file() or Bundle.open(card.parent).manifest.id != matrix.id:
        return []
    report.put(card, report.with_section(card.read_text(encoding="utf-8"), _shown(matrix)))
    return [card]


def _summary(matrix: Matrix) -> tuple[str, ...]:
    counts = (_count([row for row in matrix.rows if row.where == p.what]) for p in PROVERS.values())
    return (f"[{matrix.bundle}](#{matrix.bundle})", *counts, ", ".join(matrix.left_out) or "nothing")


def _count(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    if all(row.outcome == "not run" for row in rows):
        return "not run"
    return f"{sum(row.outcome == 'proved' for row in rows)} of {len(rows)}"
