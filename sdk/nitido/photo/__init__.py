"""Photos: reading and saving them without losing anything."""

from __future__ import annotations

from nitido.photo.atomic import atomic_write, copy_photo
from nitido.photo.model import Metadata, Photo, Pixels
from nitido.photo.read import read_photo
from nitido.photo.write import write_photo

__all__ = ["Metadata", "Photo", "Pixels", "atomic_write", "copy_photo", "read_photo", "write_photo"]
