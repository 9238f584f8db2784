"""``nitido upscale SRC -o DST``: enlarge photos by a factor or to a size."""

from __future__ import annotations

from dataclasses import asdict

from nitido.cli import opening
from nitido.cli.options import (
    FolderCommand,
    Subparsers,
    add_common,
    add_folder_run,
    finite_float,
    positive_int,
    width_and_height,
)
from nitido.cli.output import Output
from nitido.cli.running import check_paths, run_work
from nitido.errors import InvalidOption


class Args(FolderCommand):
    """The command's options."""

    scale: float | None
    to: tuple[int, int] | None
    long_side: int | None
    tier: str
    sharp: bool
    faces: bool
    blind: bool
    kernel: str | None
    brush: str | None
    varying: bool
    show_kernel: bool


def add(commands: Subparsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "upscale",
        help="enlarge photos",
        description="Enlarge photos, by a factor or to a size, in their proportions; those that are as large "
        "already are copied byte for byte. A run that was stopped goes on where it was when started again.",
    )
    add_folder_run(parser)
    sizes = parser.add_mutually_exclusive_group(required=True)
    sizes.add_argument(
        "--scale", type=finite_float, metavar="N", help="so many times as wide and high, such as 2 or 2.5"
    )
    sizes.add_argument(
        "--to",
        type=width_and_height,
        metavar="WxH",
        help="as large as fits into WxH pixels, such as 3000x2000",
    )
    sizes.add_argument(
        "--long-side", type=positive_int, metavar="N", help="so many pixels along the longer side"
    )
    parser.add_argument(
        "--tier", default="base", metavar="TIER", help="fast, base or quality networks (default: base)"
    )
    parser.add_argument("--sharp", action="store_true", help="networks that prefer crispness to fidelity")
    parser.add_argument(
        "--faces", action="store_true", help="enlarge small faces with a network that knows faces"
    )
    blind = parser.add_argument_group("photos that were made small in an unknown way")
    blind.add_argument(
        "--blind", action="store_true", help="estimate the kernel that made each small, and heed it"
    )
    blind.add_argument("--kernel", metavar="FILE.npy", help="the kernel, where it is known (with --blind)")
    blind.add_argument(
        "--brush", metavar="FILE.json", help="strokes in which the kernel is wider or narrower (with --blind)"
    )
    blind.add_argument(
        "--varying", action="store_true", help="estimate kernels region by region (with --blind)"
    )
    blind.add_argument(
        "--show-kernel", action="store_true", help="save a picture of each estimated kernel beside the result"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(args: Args, output: Output) -> bool:
    """Upscale a file or folder; returns whether some files failed."""
    check_paths(args)
    if args.blind:
        return _blind(args, output)
    if args.kernel or args.brush or args.varying or args.show_kernel:
        raise InvalidOption(
            "expected --blind beside --kernel, --brush, --varying and --show-kernel, got none; add --blind"
        )
    from nitido.batch import upscaling
    from nitido.sizes import Size

    size = Size(args.scale, args.to, args.long_side)
    enlarger = opening.open_enlarger(args, args.tier, args.sharp)
    faces = opening.open_face_upscaler(args) if args.faces else None
    options = {"command": "upscale", **asdict(size), "models": enlarger.id, "faces": faces and faces.id}
    work = upscaling(enlarger, size, faces=faces, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output)
    return any(report.status == "failed" for report in reports)


def _blind(args: Args, output: Output) -> bool:
    if args.faces or args.sharp or args.tier != "base":
        raise InvalidOption(
            "expected --blind without --faces, --sharp and --tier, got both; blind networks have one size"
        )
    if args.kernel and (args.varying or args.show_kernel):
        raise InvalidOption(
            "expected either a known --kernel, or --varying or --show-kernel of an estimate; leave one out"
        )
    from nitido.batch.blind import blindly_upscaling, read_brush, read_kernel
    from nitido.sizes import Size

    size = Size(args.scale, args.to, args.long_side)
    kernel = read_kernel(args.kernel) if args.kernel else None
    strokes = read_brush(args.brush) if args.brush else ()
    enlarger = opening.open_blind_enlarger(args, kernel, strokes, args.varying)
    options = {
        "command": "upscale --blind",
        **asdict(size),
        "kernel": None if kernel is None else kernel.tolist(),
        "strokes": [asdict(stroke) for stroke in strokes],
        "varying": args.varying,
        "models": enlarger.id,
    }
    work = blindly_upscaling(enlarger, size, show=args.show_kernel, max_megapixels=args.max_megapixels)
    reports = run_work(args, work, options, output)
    return any(report.status == "failed" for report in reports)
