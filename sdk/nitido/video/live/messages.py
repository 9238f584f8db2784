"""What goes over the wire: a coded frame one way, what was measured the other way."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nitido.errors import ClipDamaged

_FRAME = struct.Struct("<2sIIHB")
_MEASUREMENT = struct.Struct("<2sIff")
_FRAME_MARK, _MEASUREMENT_MARK = b"NF", b"NM"


@dataclass(frozen=True)
class CodedFrame:
    """One frame as H.264."""

    number: int
    """From 0, also for frames that were not sent."""
    milliseconds: int
    """When it was captured, on the sender's clock."""
    target: int
    """Shorter side that the sender asks to be restored."""
    first: bool
    """Whether a stream of its own starts here, of another size or rate than before."""
    content: bytes

    def pack(self) -> bytes:
        """As a message."""
        head = _FRAME.pack(_FRAME_MARK, self.number, self.milliseconds, self.target, self.first)
        return head + self.content

    @classmethod
    def unpack(cls, message: bytes) -> CodedFrame:
        """From a message. Raises ClipDamaged."""
        if len(message) <= _FRAME.size or message[:2] != _FRAME_MARK:
            raise ClipDamaged(f"expected a frame's message, got {len(message)} other bytes; drop it")
        _, number, milliseconds, target, first = _FRAME.unpack_from(message)
        return cls(number, milliseconds, target, bool(first), message[_FRAME.size :])


@dataclass(frozen=True)
class Measurement:
    """How the connection is, as the receiver sees it."""

    number: int
    """Of the latest frame that has arrived."""
    bits_per_second: float
    """What arrived lately."""
    delay: float
    """Seconds that the latest frame took, beyond the least that any frame took."""

    def pack(self) -> bytes:
        """As a message."""
        return _MEASUREMENT.pack(_MEASUREMENT_MARK, self.number, self.bits_per_second, self.delay)

    @classmethod
    def unpack(cls, message: bytes) -> Measurement:
        """From a message. Raises ClipDamaged."""
        if len(message) != _MEASUREMENT.size or message[:2] != _MEASUREMENT_MARK:
            raise ClipDamaged(f"expected a measurement's message, got {len(message)} other bytes; drop it")
        return cls(*_MEASUREMENT.unpack(message)[1:])
