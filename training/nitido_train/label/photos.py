"""Photos of a folder by their contents' hash, and the decoded ones kept in memory."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from PIL import Image

from nitido.photo.model import Pixels
from nitido_train import data
from nitido_train.errors import TrainingDataError

CACHE_BYTES = 2 << 30
"""Memory for decoded photos, per process: a thousand photos of 0.7 megapixels."""

_cache: OrderedDict[tuple[Path, str], Pixels] = OrderedDict()
_lock = Lock()


def hash_of(content: bytes) -> str:
    """First 16 hex digits of the sha256 of a photo's file."""
    return hashlib.sha256(content).hexdigest()[:16]


def decode(content: bytes) -> Pixels | None:
    """Pixels of a photo's file, upright; None for a file that no decoder makes sense of."""
    try:
        return data.load_rgb(io.BytesIO(content))
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None


def decoded(file: Path, photo_hash: str) -> Pixels:
    """A photo whose contents are known, from memory if it is there. Raises TrainingDataError."""
    key = (file, photo_hash)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    content = file.read_bytes() if file.is_file() else b""
    pixels = decode(content) if hash_of(content) == photo_hash else None
    if pixels is None:
        raise TrainingDataError(
            f"expected {file} to be the photo that was labelled, with hash {photo_hash}, got "
            f"{'another' if content else 'no'} file; give the folder of the labels, or label this one anew"
        )
    with _lock:
        _cache[key] = pixels
        while sum(kept.nbytes for kept in _cache.values()) > CACHE_BYTES and len(_cache) > 1:
            _cache.popitem(last=False)
    return pixels
