"""What each file format says beside the pixels, gathered from the opened file before it is decoded."""

from __future__ import annotations

import contextlib
import io
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from nitido.errors import PhotoUnsupported
from nitido.photo import exif, ifd, png_chunks
from nitido.photo.model import Metadata

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_SAMPLINGS = {((1, 1), (1, 1), (1, 1)): 0, ((2, 1), (1, 1), (1, 1)): 1, ((2, 2), (1, 1), (1, 1)): 2}
"""Pillow's numbers for 4:4:4, 4:2:2 and 4:2:0, by (columns, rows) of the three components."""


def gather(kind: str, file: BinaryIO, image: ImageFile) -> Metadata:
    """Everything but the file's times, with the orientation set to upright; the file may be left anywhere."""
    metadata = _GATHER[kind](file, image)
    grey = image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I;16")
    profile = image.info.get("icc_profile")
    return upright(
        replace(
            metadata,
            mode="L" if grey else metadata.mode,
            icc_profile=profile if isinstance(profile, bytes) and profile else None,
        )
    )


def upright(metadata: Metadata) -> Metadata:
    """The same with the orientation taken out of EXIF and XMP, and kept in ``orientation``."""
    return replace(
        metadata,
        orientation=exif.orientation(metadata.exif, metadata.xmp),
        exif=exif.upright(metadata.exif),
        xmp=exif.upright_xmp(metadata.xmp),
    )


def _dpi(info: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """The resolution, unless it is nonsense; JPEG counts up to 65535."""
    try:
        across, down = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return {}
    return {"dpi": (across, down)} if 0 < across <= 65535 and 0 < down <= 65535 else {}


def _jpeg(file: BinaryIO, image: Any) -> Metadata:
    info = image.info
    encoder: dict[str, Any] = {"progressive": bool(info.get("progressive"))}
    sampling = tuple((columns, rows) for _, columns, rows, _ in image.layer)
    block = exif.with_prefix(info.get("exif"))
    if sampling in _SAMPLINGS:
        encoder["subsampling"] = _SAMPLINGS[sampling]
    if encoder.get("subsampling") == 1 and exif.orientation(block, info.get("xmp")) > 4:
        # Turned by a quarter, 4:2:2 would halve the colour along the other side as well.
        encoder["subsampling"] = 0
    if info.get("jfif_unit") in (1, 2):
        encoder |= _dpi(info)
    xmp = info.get("xmp")
    frames = _pictures(info.get("mp"))
    if re.search(rb'(MotionPhoto|MicroVideo)="1"', xmp or b""):
        frames += 1  # a video behind the picture
    return Metadata(
        format="MPO" if info.get("mp") and frames > 1 else "JPEG",
        exif=block,
        xmp=xmp,
        frames=frames,
        encoder=encoder,
        extra=tuple((name, data) for name, data in image.applist if not _kept_elsewhere(name, data)),
    )


def _kept_elsewhere(name: str, data: bytes) -> bool:
    """Whether a JPEG segment is in another field, or describes the encoding or pictures that are not kept."""
    known = {
        "APP0": (b"JFIF\0", b"JFXX\0"),
        "APP1": (exif.PREFIX, b"http://ns.adobe.com/xap/1.0/\0"),
        "APP2": (b"ICC_PROFILE\0", b"MPF\0"),
        "APP14": (b"Adobe",),
    }
    return data.startswith(known.get(name, ()))


def _pictures(index: bytes | None) -> int:
    """How many pictures a multi-picture index lists; 1 without one or when it is broken."""
    if not index:
        return 1
    try:
        file = io.BytesIO(index)
        order, directory = ifd.first_directory(file)
        return max(1, ifd.read_number(file, order, directory.entries.get(0xB001), default=1))
    except ValueError:
        return 1


def _png(file: BinaryIO, image: Any) -> Metadata:
    chunks = png_chunks.read(file)
    return Metadata(
        format="PNG",
        mode="L" if chunks[0][1][9] in (0, 4) else "RGB",
        exif=exif.with_prefix(png_chunks.exif(chunks)),
        xmp=png_chunks.xmp(chunks),
        frames=max(1, int(getattr(image, "n_frames", 1))),
        encoder=_dpi(image.info),
        extra=png_chunks.extra(chunks),
    )


def _tiff(file: BinaryIO, image: Any) -> Metadata:
    file.seek(0)
    head = file.read(12)
    if head[2:4] in (b"+\0", b"\0+"):
        raise PhotoUnsupported("BigTIFF is not read: save it as classic TIFF (below 4 GiB) or PNG")
    order, directory = ifd.first_directory(file)
    if head[8:10] == b"CR" or 50706 in directory.entries or _is_preview(file, order, directory):
        raise PhotoUnsupported("a camera raw file: develop it to JPEG, PNG or TIFF first")
    extra = []
    for tag in (33723, 34377):  # IPTC, Photoshop's image resources
        entry = directory.entries.get(tag)
        if entry is not None:
            with contextlib.suppress(ValueError):  # cut off: nothing to keep
                extra.append((str(tag), ifd.read_value(file, entry)))
    frames, seen = 1, {0}
    with contextlib.suppress(ValueError):
        while directory.following not in seen:
            seen.add(directory.following)
            directory = ifd.read_directory(file, order, directory.following)
            frames += not _is_preview(file, order, directory)
    xmp = image.info.get("xmp")
    return Metadata(
        format="TIFF",
        exif=exif.from_tiff(file),
        xmp=xmp if isinstance(xmp, bytes) else None,
        frames=frames,
        encoder={"compressed": image.info.get("compression") != "raw", **_dpi(image.info)},
        extra=tuple(extra),
    )


def _is_preview(file: BinaryIO, order: str, directory: ifd.Directory) -> bool:
    """Whether a TIFF directory holds a reduced version of another one."""
    return bool(ifd.read_number(file, order, directory.entries.get(254)) & 1)


def _webp(file: BinaryIO, image: Any) -> Metadata:
    file.seek(12)
    lossless, frames = False, int(image.n_frames)
    while frames == 1 and len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        lossless |= name == b"VP8L"
        file.seek(size + size % 2, io.SEEK_CUR)
    return Metadata(
        format="WEBP",
        exif=exif.with_prefix(image.info.get("exif")),
        xmp=image.info.get("xmp"),
        frames=frames,
        encoder={"lossless": lossless, "subsampling": 0 if lossless else 2},
    )


def _avif(file: BinaryIO, image: Any) -> Metadata:
    file.seek(0)
    # The AV1 configuration box lies among the first ones: version, profile, then the bits that matter here.
    _, found, box = file.read(1 << 16).partition(b"av1C")
    flags = box[2] if found and len(box) > 2 else 0
    if flags & 0x40:
        raise PhotoUnsupported("AVIF with 10 or 12 bits would be cut to 8: convert it to 16-bit PNG first")
    halved = (flags >> 3 & 1, flags >> 2 & 1)
    return Metadata(
        format="AVIF",
        mode="L" if flags & 0x10 else "RGB",
        exif=exif.with_prefix(image.info.get("exif")),
        xmp=image.info.get("xmp"),
        frames=int(image.n_frames),
        encoder={"subsampling": {(0, 0): 0, (1, 0): 1}.get(halved, 2)},
    )


def _gif(file: BinaryIO, image: Any) -> Metadata:
    return Metadata(format="GIF", frames=int(image.n_frames), xmp=image.info.get("xmp"))


def _bmp(file: BinaryIO, image: Any) -> Metadata:
    return Metadata(format="BMP")


_GATHER: dict[str, Callable[[BinaryIO, Any], Metadata]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "TIFF": _tiff,
    "WEBP": _webp,
    "AVIF": _avif,
    "GIF": _gif,
    "BMP": _bmp,
}
