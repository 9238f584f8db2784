"""Makes the photos in this folder from scikit-image's, degraded by the project's own pipeline.

    python samples/make_samples.py

What each photo is made of, and how, is the list ``RECIPES``; LICENCES.md names the photographers.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image, ImageCms

from nitido.blur import Blur
from nitido.photo.model import Pixels
from nitido_train.degrade import Degradation, Saturation, degrade
from nitido_train.resample import bicubic_resize

SEED = 2024
ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825


@dataclass(frozen=True)
class Recipe:
    """How one sample is made."""

    source: str
    """A function of ``skimage.data``."""
    width: int
    """Pixels; the photo is shrunk to it first, which makes it sharper than the source."""
    degradation: Degradation = Degradation()  # noqa: RUF009 - a frozen dataclass is a safe default
    orientation: int = 1
    """EXIF orientation: the file's pixels are turned so that this brings them upright again."""
    exif: bool = False
    icc: bool = False
    quality: int = 95
    """Of a JPEG file; ignored for PNG."""


RECIPES: Mapping[str, Recipe] = {
    "astronaut_sharp.jpg": Recipe("astronaut", 512, icc=True),
    "camera_sharp_grey.jpg": Recipe("camera", 512),
    "coffee_sharp.jpg": Recipe("coffee", 400, exif=True, icc=True),
    "rocket_sharp.png": Recipe("rocket", 480),
    "coffee_motion.jpg": Recipe(
        "coffee",
        600,
        Degradation(blur=Blur("motion", 9, math.radians(25))),
        orientation=6,
        exif=True,
        icc=True,
    ),
    "chelsea_defocus.jpg": Recipe("chelsea", 451, Degradation(blur=Blur("disc", 2.2)), exif=True),
    "astronaut_noise.png": Recipe("astronaut", 512, Degradation(read_noise=18, shot_noise=0.5)),
    "chelsea_jpeg.jpg": Recipe("chelsea", 451, Degradation(jpeg_quality=12), quality=12),
    "rocket_night.jpg": Recipe(
        "rocket", 640, Degradation(saturation=Saturation(140, 5, 0.35, 3), read_noise=6)
    ),
    "coffee_small.png": Recipe("coffee", 160),
}


def make(recipe: Recipe) -> Pixels:
    """The upright pixels of one sample."""
    source = getattr(skimage.data, recipe.source)()
    rgb = np.stack([source] * 3, axis=-1) if source.ndim == 2 else source
    height = round(rgb.shape[0] * recipe.width / rgb.shape[1])
    clean = bicubic_resize(rgb, height, recipe.width)
    return degrade(clean, recipe.degradation, np.random.default_rng(SEED)).pixels


def save(pixels: Pixels, recipe: Recipe, file: Path) -> None:
    """Write one sample with the metadata that its recipe asks for."""
    image = Image.fromarray(pixels)
    if recipe.source == "camera":
        image = image.convert("L")
    if recipe.orientation == 6:  # "turn clockwise to show": stored turned the other way
        image = image.transpose(Image.Transpose.ROTATE_90)
    options: dict[str, Any] = {"optimize": True}
    if file.suffix == ".jpg":
        # at high quality without colour subsampling, so that the file adds no damage of its own
        options |= {"quality": recipe.quality, "subsampling": 0 if recipe.quality > 90 else 2}
    if recipe.exif:
        options["exif"] = phone_exif(recipe.orientation)
    if recipe.icc:
        options["icc_profile"] = srgb_profile()
    image.save(file, **options)


def phone_exif(orientation: int) -> bytes:
    """What a phone writes beside a photo: camera, exposure, place, maker note."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F], exif[0x0110], exif[0x0131] = "Nitido", "Sample Phone", "make_samples.py"
    exif[0x0132] = "2024:05:17 18:42:07"
    details = exif.get_ifd(EXIF_IFD)
    details[0x9003] = "2024:05:17 18:42:07"
    details[0x829A], details[0x829D], details[0x8827] = 1 / 15, 1.8, 640
    details[0x927C] = b"sample maker note\x00\x01\x02"
    place = exif.get_ifd(GPS_IFD)
    place[1], place[2] = "N", (51.0, 28.0, 40.0)
    place[3], place[4] = "W", (0.0, 0.0, 5.0)
    return exif.tobytes()


def srgb_profile() -> bytes:
    """An sRGB colour profile; its creation date, twelve bytes of the header, is fixed."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + np.array([2024, 1, 1, 0, 0, 0], ">u2").tobytes() + profile[36:]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    out: Path = parser.parse_args().out
    for name, recipe in RECIPES.items():
        save(make(recipe), recipe, out / name)


if __name__ == "__main__":
    main()
