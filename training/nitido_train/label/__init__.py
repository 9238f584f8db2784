"""Delta labels (source: T4) for any number of photos: on one machine or many, in a table of labels."""

from __future__ import annotations

from nitido_train.label.enhancers import BundleEnhancer, LabelEnhancer
from nitido_train.label.plan import LabelConfig
from nitido_train.label.reading import Labels, read_labels
from nitido_train.label.run import label_folder
from nitido_train.label.samples import Sample, pixels_of

__all__ = [
    "BundleEnhancer",
    "LabelConfig",
    "LabelEnhancer",
    "Labels",
    "Sample",
    "label_folder",
    "pixels_of",
    "read_labels",
]
