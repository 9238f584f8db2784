"""Every error of an export: whichever is raised, that bundle was not written, an older one is left as it was.

ExportError
├── CheckpointMissing      no such checkpoint, or no provenance (.json) beside it
├── CheckpointMismatch     weights and provenance describe different networks, or a family without an export
├── SamplesMissing         no photos to prove the export on, or to calibrate on: pass the folder that is named
├── TargetUnknown          no target of that name (also a ValueError)
├── TargetUnavailable      a converter's package is missing: install the extra that the message names
├── ConversionFailed       the converter refused, or put operations into the graph that phones do not run
├── ParityError            a build computes something else than torch
├── BundleNotWritten       no space, no permission, or the folder holds something else than a bundle
├── ReleaseIncomplete      models of a release that could not be exported at all; the others are there
└── MatrixInvalid          no matrix in that file, or one of another version: prove the bundle again
"""

from __future__ import annotations

from nitido.errors import NitidoError


class ExportError(NitidoError):
    """Base of all errors of an export."""


class CheckpointMissing(ExportError):
    """There is no such checkpoint, or no provenance beside it."""


class CheckpointMismatch(ExportError):
    """A checkpoint of another network than its provenance says, or of a family that has no export."""


class SamplesMissing(ExportError):
    """No photo to take golden vectors from, to compare on, or to calibrate on."""


class TargetUnknown(ExportError, ValueError):
    """No target has this name."""


class TargetUnavailable(ExportError):
    """The package that converts to this target is not installed."""


class ConversionFailed(ExportError):
    """The converter refused the network, or its result holds operations that phones do not run."""


class ParityError(ExportError):
    """A build's outputs are further from torch's than its target allows."""


class BundleNotWritten(ExportError):
    """The bundle could not be saved."""


class ReleaseIncomplete(ExportError):
    """Some models of a release could not be exported; the others were."""


class MatrixInvalid(ExportError):
    """A file that should hold the matrix of a bundle does not."""
