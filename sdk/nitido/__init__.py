"""On-device photo enhancement that first asks whether the photo deserves it.

    photo = nitido.read_photo("IMG.jpg")
    if nitido.Trigger.open()(photo.pixels).recommended:
        nitido.write_photo(photo.with_pixels(nitido.Restorer.open()(photo.pixels)), "better.jpg")

Names are imported when first used: ``import nitido`` costs neither a runtime nor an image decoder.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "BlindUpscaler": "nitido.blind",
    "Bundle": "nitido.bundle",
    "Colorizer": "nitido.colorizer",
    "Downscaler": "nitido.sharing",
    "Enhancer": "nitido.enhancer",
    "Enlarger": "nitido.enlarger",
    "Face": "nitido.faces",
    "FaceDetector": "nitido.faces",
    "FaceUpscaler": "nitido.faces",
    "FunctionSession": "nitido.runtime.function",
    "Gallery": "nitido.gallery",
    "Improvability": "nitido.trigger",
    "KernelEstimate": "nitido.blind",
    "KernelMap": "nitido.blind",
    "KernelShape": "nitido.blind",
    "Metadata": "nitido.photo",
    "Monitor": "nitido.monitor",
    "NitidoError": "nitido.errors",
    "Outcome": "nitido.enhancer",
    "Photo": "nitido.photo",
    "Pixels": "nitido.photo",
    "Placement": "nitido.runtime.placement",
    "Policy": "nitido.suggestion",
    "Quality": "nitido.scorer",
    "QualityScorer": "nitido.scorer",
    "Remote": "nitido.remote",
    "Restorer": "nitido.restorer",
    "Scorer": "nitido.scorer",
    "Session": "nitido.runtime.session",
    "Size": "nitido.sizes",
    "Stroke": "nitido.blind",
    "Suggestion": "nitido.suggestion",
    "Tiler": "nitido.tiler",
    "Trigger": "nitido.trigger",
    "UpscaledFace": "nitido.faces",
    "UpscaledPhoto": "nitido.faces",
    "Upscaler": "nitido.upscaler",
    "VideoUpscaler": "nitido.video",
    "copy_photo": "nitido.photo",
    "read_photo": "nitido.photo",
    "write_photo": "nitido.photo",
}
_MODULES = ("errors", "zoo")

__all__ = ["__version__", *_HOMES, *_MODULES]

if TYPE_CHECKING:
    from nitido import errors as errors
    from nitido import zoo as zoo
    from nitido.blind import BlindUpscaler as BlindUpscaler
    from nitido.blind import KernelEstimate as KernelEstimate
    from nitido.blind import KernelMap as KernelMap
    from nitido.blind import KernelShape as KernelShape
    from nitido.blind import Stroke as Stroke
    from nitido.bundle import Bundle as Bundle
    from nitido.colorizer import Colorizer as Colorizer
    from nitido.enhancer import Enhancer as Enhancer
    from nitido.enhancer import Outcome as Outcome
    from nitido.enlarger import Enlarger as Enlarger
    from nitido.errors import NitidoError as NitidoError
    from nitido.faces import Face as Face
    from nitido.faces import FaceDetector as FaceDetector
    from nitido.faces import FaceUpscaler as FaceUpscaler
    from nitido.faces import UpscaledFace as UpscaledFace
    from nitido.faces import UpscaledPhoto as UpscaledPhoto
    from nitido.gallery import Gallery as Gallery
    from nitido.monitor import Monitor as Monitor
    from nitido.photo import Metadata as Metadata
    from nitido.photo import Photo as Photo
    from nitido.photo import Pixels as Pixels
    from nitido.photo import copy_photo as copy_photo
    from nitido.photo import read_photo as read_photo
    from nitido.photo import write_photo as write_photo
    from nitido.remote import Remote as Remote
    from nitido.restorer import Restorer as Restorer
    from nitido.runtime.function import FunctionSession as FunctionSession
    from nitido.runtime.placement import Placement as Placement
    from nitido.runtime.session import Session as Session
    from nitido.scorer import Quality as Quality
    from nitido.scorer import QualityScorer as QualityScorer
    from nitido.scorer import Scorer as Scorer
    from nitido.sharing import Downscaler as Downscaler
    from nitido.sizes import Size as Size
    from nitido.suggestion import Policy as Policy
    from nitido.suggestion import Suggestion as Suggestion
    from nitido.tiler import Tiler as Tiler
    from nitido.trigger import Improvability as Improvability
    from nitido.trigger import Trigger as Trigger
    from nitido.upscaler import Upscaler as Upscaler
    from nitido.video import VideoUpscaler as VideoUpscaler


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"nitido.{name}")
    else:
        raise AttributeError(f"module 'nitido' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
