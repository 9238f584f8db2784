"""Every error that Nitido raises: one class per thing that the caller can do about it.

NitidoError
├── PhotoError                 the photo cannot be used; nothing was written
│   ├── NotAPhoto              not an image, or empty: leave the file out
│   ├── PhotoDamaged           truncated or corrupt: get the file again
│   ├── PhotoTooLarge          above the megapixel limit: raise the limit or shrink the photo
│   ├── PhotoUnsupported       a format whose reader is not installed, or a size no network takes
│   └── NotGreyscale           to be colorized, but it has colours: leave it, or force new ones
├── ClipError                  the video clip cannot be used; nothing was written
│   ├── NotAClip               no video in it, or no file that FFmpeg reads: leave it out
│   ├── ClipDamaged            not one frame can be decoded: get the file again
│   └── ClipUnsupported        more than 8 bits a sample, HDR, odd sides: convert it first
├── WriteError                 the result could not be saved; the original is untouched
│   ├── DestinationExists      pass overwrite=True or choose another name
│   ├── DestinationIsSource    choose another destination, or ask to overwrite the original
│   └── CannotWrite            no permission, no space, or a format that cannot hold the photo
├── BundleError                a model bundle cannot be used
│   ├── BundleNotFound         no such zoo name or folder
│   ├── BundleInvalid          the manifest is not what this version reads: unknown key, wrong type, bad path
│   ├── BundleTooNew           made for a newer Nitido: update
│   ├── BundleTampered         a file is missing or differs from its hash: get the bundle again
│   ├── BuildMissing           the bundle has no build for this runtime: choose one that it has
│   └── WrongTask              the bundle does something else (a trigger opened as an upscaler)
├── RuntimeUnavailable         a runtime or device is not here: install the extra that the message names
├── RemoteError                a server did not do the work
│   ├── RemoteUnavailable      no answer in time: try again, check the address, or run on the device
│   └── RemoteRefused          it does not take the request: read why, correct the token or the photo
├── GoldenMismatch             this runtime computes something else than the golden vectors say
├── PairMismatch               a trigger whose labels were made with another enhancer
├── GalleryError               the index of a folder cannot be used
└── InvalidOption              an argument out of range (also a ValueError)
"""

from __future__ import annotations


class NitidoError(Exception):
    """Base of all errors of this package; its text ends with the way out."""


class PhotoError(NitidoError):
    """The photo cannot be used; nothing was written."""


class NotAPhoto(PhotoError):
    """Not an image that any reader knows, or an empty file."""


class PhotoDamaged(PhotoError):
    """An image file that is truncated or corrupt."""


class PhotoTooLarge(PhotoError):
    """More megapixels than the limit allows."""


class PhotoUnsupported(PhotoError):
    """A format whose reader is not installed, or a size that cannot be processed."""


class NotGreyscale(PhotoError):
    """A photo to be colorized that has colours already."""


class ClipError(NitidoError):
    """The clip cannot be used; nothing was written."""


class NotAClip(ClipError):
    """Not a file that FFmpeg reads, or one without video: audio alone, a photo, an empty file."""


class ClipDamaged(ClipError):
    """A clip of which not one frame can be decoded."""


class ClipUnsupported(ClipError):
    """Samples of more than 8 bits, high dynamic range, or sizes that a codec does not take."""


class WriteError(NitidoError):
    """The result could not be saved; the original is untouched and no partial file is left."""


class DestinationExists(WriteError):
    """The destination exists and overwriting was not asked for."""


class DestinationIsSource(WriteError):
    """Source and destination are the same file and overwriting was not asked for."""


class CannotWrite(WriteError):
    """No permission, no space, or a file format that cannot hold the photo."""


class BundleError(NitidoError):
    """A model bundle cannot be used."""


class BundleNotFound(BundleError):
    """No bundle of that name in the zoo, and no such folder."""


class BundleInvalid(BundleError):
    """The manifest does not follow the schema: unknown or missing key, wrong type, unsafe path."""


class BundleTooNew(BundleError):
    """The bundle follows a newer schema than this version reads."""


class BundleTampered(BundleError):
    """A file of the bundle is missing or differs from the hash in its manifest."""


class BuildMissing(BundleError):
    """The bundle has no build for the runtime or target asked for."""


class WrongTask(BundleError):
    """The bundle's task is another one than the class that opened it performs."""


class RuntimeUnavailable(NitidoError):
    """A runtime or device is not available here."""


class RemoteError(NitidoError):
    """A server did not do the work that was asked of it."""


class RemoteUnavailable(RemoteError):
    """No connection, a certificate that is not trusted, or no answer in time."""


class RemoteRefused(RemoteError):
    """The server answers, but does not do it: a token is wrong, or it is another kind of server."""


class GoldenMismatch(NitidoError):
    """A runtime's outputs differ from the bundle's golden vectors."""


class PairMismatch(NitidoError):
    """A trigger was paired with an enhancer that its labels were not made with."""


class GalleryError(NitidoError):
    """The index of a folder cannot be used."""


class InvalidOption(NitidoError, ValueError):
    """An argument is out of range or unknown."""
