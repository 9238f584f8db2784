"""A model bundle: a folder with a manifest, one file per build, golden vectors and a model card."""

from __future__ import annotations

from nitido.bundle.bundle import Bundle
from nitido.bundle.manifest import (
    BlurSpace,
    Build,
    FaceTask,
    Manifest,
    Quantisation,
    RestoreTask,
    ScoreTask,
    Task,
    TensorSpec,
    TriggerTask,
    UpscaleTask,
    View,
)
from nitido.bundle.schema import read_manifest, write_manifest

__all__ = [
    "BlurSpace",
    "Build",
    "Bundle",
    "FaceTask",
    "Manifest",
    "Quantisation",
    "RestoreTask",
    "ScoreTask",
    "Task",
    "TensorSpec",
    "TriggerTask",
    "UpscaleTask",
    "View",
    "read_manifest",
    "write_manifest",
]
