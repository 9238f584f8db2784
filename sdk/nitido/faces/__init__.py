"""Faces in photos: where they are, and small ones enlarged by a network that knows faces."""

from nitido.faces.detector import FaceDetector
from nitido.faces.face import Face
from nitido.faces.upscaler import FaceUpscaler, UpscaledFace, UpscaledPhoto

__all__ = ["Face", "FaceDetector", "FaceUpscaler", "UpscaledFace", "UpscaledPhoto"]
