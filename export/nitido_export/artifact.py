"""What a backend hands over: the bytes of a build and what its tensors are."""

from __future__ import annotations

from dataclasses import dataclass

from nitido.bundle.manifest import TensorSpec


@dataclass(frozen=True)
class Artifact:
    """One converted graph, not yet a file."""

    content: bytes
    suffix: str
    """Of its file: ``.onnx``, ``.tflite``."""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
