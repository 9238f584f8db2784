"""Every error of a benchmark: rows that were finished before it are kept.

BenchError
├── ResultError        a result file of another schema, or damaged: measure the suite again
├── MarkerError        a marker in a document names a suite or a column that is not there
├── SizeRefused        a network does not take this size: choose one that the message names
├── ProbeFailed        a process that measures ended without a result
├── PackageMissing     this suite needs a package: install the extra that the message names
├── NothingToCompare   two results that have no row in common, or whose suite has no gate
├── PhoneError         the phone or its tool cannot be used
│   ├── PhoneGone      it disconnected: connect it and run again
│   └── ToolFailed     benchmark_model or onnxruntime_perf_test failed: its own words are in the message
└── OutputUnknown      the tool printed something else than this version reads
"""

from __future__ import annotations


class BenchError(Exception):
    """Base of all errors of this package; its text ends with the way out."""


class ResultError(BenchError):
    """A result file that this version does not read."""


class MarkerError(BenchError):
    """A marker that names a suite or a column that is not there."""


class SizeRefused(BenchError):
    """A size that is smaller than the network's minimum, or none of its multiples."""


class ProbeFailed(BenchError):
    """A process that measures ended without a result."""


class PackageMissing(BenchError):
    """A package that this suite needs is not installed."""


class NothingToCompare(BenchError):
    """Two results without a common row, or of a suite that says nothing about better and worse."""


class PhoneError(BenchError):
    """A phone, or the tool on it, cannot be used."""


class PhoneGone(PhoneError):
    """The phone is not connected, or no longer."""


class ToolFailed(PhoneError):
    """The tool on the phone ended with an error."""


class OutputUnknown(BenchError):
    """Output of a tool in a form that is not known."""
