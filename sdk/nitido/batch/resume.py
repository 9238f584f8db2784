"""What the journal of earlier runs means for a photo: leave it, or do it."""

from __future__ import annotations

from nitido.batch.journal import FileState, Record


def why_skip(
    record: Record | None,
    source: FileState,
    there: FileState | None,
    *,
    in_place: bool,
    options: str,
    overwrite: bool,
    again: bool = False,
) -> str | None:
    """Why there is nothing to do, or None.

    ``record`` is what is known of the photo, ``source`` and ``there`` are the photo and what is at its
    destination now, ``in_place`` says that these are one file. ``again`` takes what an earlier run with other
    options has enhanced in place as a new photo.
    """
    if there is None:
        return None
    if record is not None:
        if record.status is None:
            if _finished_all_the_same(record, source, in_place, options):
                return "written just before an earlier run was stopped"
        elif there.same_content(record.output):
            if in_place and record.status == "enhanced" and not (again and record.options != options):
                return "already enhanced in place by an earlier run"
            same_source = in_place or source.same_content(record.source)
            if same_source and record.options == options:
                return f"already {record.status} by an earlier run"
            if not overwrite:
                changed = "the options have" if same_source else "the photo has"
                return (
                    f"{changed} changed since an earlier run made the destination; --overwrite makes it again"
                )
    return None if overwrite else "the destination exists; --overwrite replaces it"


def _finished_all_the_same(begun: Record, source: FileState, in_place: bool, options: str) -> bool:
    """Whether a photo that was begun, but never noted as finished, is finished.

    Writes are atomic, so what is at the destination is whole. It is the run's own when nothing was there
    before; in place, when another file has taken the photo's place.
    """
    if in_place:
        return source != begun.source
    return begun.fresh and begun.options == options and source.same_content(begun.source)
