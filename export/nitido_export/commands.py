"""What the commands of ``nitido-export`` do; each yields the lines to print."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nitido.bundle.bundle import Bundle
from nitido.errors import InvalidOption
from nitido.photo.model import Pixels
from nitido_export import targets
from nitido_export.building import LeftOut
from nitido_export.bundle_writer import write_bundle
from nitido_export.checkpoints import read_provenance
from nitido_export.errors import (
    CheckpointMismatch,
    CheckpointMissing,
    ConversionFailed,
    ParityError,
    ReleaseIncomplete,
    SamplesMissing,
)
from nitido_export.families import FAMILIES, open_model
from nitido_export.graphs import Model
from nitido_export.photos import load_photos
from nitido_export.targets import Target


def bundle(args: argparse.Namespace) -> Iterator[str]:
    """One checkpoint to one bundle."""
    names = args.targets.split(",") if args.targets else None
    seen = _photos(args)
    model = sized(open_model(args.checkpoint), args.size)
    chosen = targets.find(names, model.provenance.recipe)
    yield from _export(model, args.output, chosen, *seen)


def zoo(args: argparse.Namespace) -> Iterator[str]:
    """Every checkpoint of a folder to the bundle that ships."""
    names = args.targets.split(",") if args.targets else None
    seen = _photos(args)
    for checkpoint in _exportable(args.checkpoints):
        model = open_model(checkpoint)
        recipe = model.provenance.recipe
        wanted = names or targets.PACKAGED.get(recipe)
        if wanted == ():
            yield f"{checkpoint.stem}: not packaged; export it by: nitido-export bundle {checkpoint} -o DIR"
            continue
        yield from _export(model, args.output / checkpoint.stem, targets.find(wanted, recipe), *seen)


def release(args: argparse.Namespace) -> Iterator[str]:
    """Every checkpoint to every target that makes sense, each proved; what is left out is told.

    A model that cannot be exported at all does not keep the others from it: it is told, and an error at last.
    """
    from nitido_export.proving import report

    chosen = targets.find(args.targets.split(",") if args.targets else list(targets.TARGETS))
    seen, failed = _photos(args), []
    for checkpoint in _exportable(args.checkpoints):
        model, left_out, folder = open_model(checkpoint), LeftOut(), args.output / checkpoint.stem
        if args.resume and report.is_whole(folder, model.id, [target.name for target in chosen]):
            yield f"{folder}: {model.name} {model.id}: was proved already"
            continue
        try:
            yield from _export(model, folder, chosen, *seen, left_out)
            yield from _prove(folder, model, seen[0], left_out)
        except (ConversionFailed, ParityError, SamplesMissing) as error:
            yield f"{folder}: {error}"
            failed.append(model.name)
    if failed:
        raise ReleaseIncomplete(
            f"expected all models to be released, got none of {', '.join(failed)}, for the reasons above; "
            f"the others are in {args.output}: put those right and go on with --resume"
        )


def matrix(args: argparse.Namespace) -> Iterator[str]:
    """Bundles that are there already, proved against their checkpoints."""
    photos = load_photos(args.samples)
    for name in args.bundles:
        opened = Bundle.open(name if not Path(name).is_dir() else Path(name))
        yield from _prove(opened.folder, _checkpoint_of(opened, args.checkpoints), photos, None)


def page(args: argparse.Namespace) -> Iterator[str]:
    """The page of matrices that are there already, and the model cards of the zoo with them."""
    from nitido_export.proving.page import write_page

    yield from map(str, write_page(args.bundles, args.output, args.zoo))


def explain(args: argparse.Namespace) -> Iterator[str]:
    """What would fall off, from the network alone."""
    from nitido_export.proving.explain import explain as of

    file = args.checkpoint
    model = open_model(file if file.suffix else args.checkpoints / f"{file}.safetensors")
    for graph in model.graphs:
        found = of(graph)
        if not found:
            yield f"{model.name}, graph {graph.name}: nothing that GPU delegates or NPUs are known to refuse"
        for refusal in found:
            yield f"{model.name}, graph {graph.name}: {refusal.operation} becomes {refusal.becomes}"
            yield f"  {refusal.where}"
            yield f"  instead: {refusal.instead}"


def sample(args: argparse.Namespace) -> Iterator[str]:
    """The package for a port."""
    from nitido_export.sample import write_sample

    opened = Bundle.open(args.bundle)
    for file in write_sample(opened, opened.select(args.graph, args.target), args.output):
        yield str(file)


def import_yunet(args: argparse.Namespace) -> Iterator[str]:
    """Published weights to a checkpoint."""
    from nitido_export.import_yunet import import_yunet as run

    run(args.file, args.output, load_photos(args.samples))
    yield f"{args.output}: the weights of {args.file}"


def sized(model: Model, text: str | None) -> Model:
    """The model with builds of another size: ``1280x720``, or ``512`` for a square. Raises InvalidOption."""
    if text is None:
        return model
    width, _, height = text.lower().partition("x")
    free = [graph for graph in model.graphs if graph.frame is not None]
    try:
        size = int(height or width), int(width)
        fits = all(side >= 16 and side % graph.multiple == 0 for side in size for graph in free)
    except ValueError:
        fits = False
    if not fits or not free:
        multiple = max((graph.multiple for graph in free), default=1)
        raise InvalidOption(
            f"expected --size as in 512 or 1280x720, in multiples of {multiple}, for a network whose images "
            f"have free sides, got {text!r}; choose another size"
        )
    graphs = tuple(replace(graph, size=size) if graph in free else graph for graph in model.graphs)
    return replace(model, graphs=graphs)


def _photos(args: argparse.Namespace) -> tuple[Sequence[Pixels], Sequence[Pixels] | None]:
    photos = load_photos(args.samples)
    return photos, load_photos(args.calibration, "--calibration") if args.calibration else None


def _exportable(folder: Path) -> list[Path]:
    """The checkpoints of a folder that make a bundle of their own."""
    found = [f for f in sorted(folder.glob("*.safetensors")) if read_provenance(f).recipe in FAMILIES]
    if not found:
        raise CheckpointMissing(f"expected .safetensors in {folder}, found none; pass --checkpoints DIR")
    return found


def _export(
    model: Model,
    folder: Path,
    chosen: Sequence[Target],
    photos: Sequence[Pixels],
    calibration: Sequence[Pixels] | None,
    left_out: LeftOut | None = None,
) -> Iterator[str]:
    manifest = write_bundle(model, folder, chosen, photos, calibration, left_out)
    yield f"{folder}: {manifest.name} {manifest.id}"
    for build in manifest.builds:
        close = ", ".join(f"{name} {value:g}" for name, value in build.parity.items())
        yield f"  {build.graph} {build.target}: {build.bytes:,} bytes, {close}"
    yield from (f"  left out: {target}: {reason}" for target, reason in (left_out or {}).items())


def _prove(folder: Path, model: Model, photos: Sequence[Pixels], left_out: LeftOut | None) -> Iterator[str]:
    from nitido_export.proving import report
    from nitido_export.proving.matrix import prove

    opened = Bundle.open(folder)
    rows = []
    for row in prove(opened, model, photos):
        rows.append(row)
        close = f", {row.psnr_db:.1f} dB" if row.psnr_db is not None else ""
        yield f"  {row.graph} {row.target} in {row.where}: {row.outcome}{close}"
    report.write(opened, rows, report.left_out_before(opened) if left_out is None else left_out)
    yield f"  {folder / report.MARKDOWN_FILE}"


def _checkpoint_of(opened: Bundle, folder: Path) -> Model:
    """The checkpoint that a bundle was exported from, known by its id."""
    file = folder / f"{opened.manifest.name}.safetensors"
    model = open_model(file)
    if model.id != opened.manifest.id:
        raise CheckpointMismatch(
            f"expected {file} to be the checkpoint {opened.manifest.id} of {opened.folder}, "
            f"got {model.id}; export it again, or pass --checkpoints DIR"
        )
    return model
