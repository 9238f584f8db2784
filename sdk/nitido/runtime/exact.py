"""Whether this processor multiplies 8-bit numbers exactly the fast way."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


@cache
def multiplies_exactly(cpuinfo: Path = _CPUINFO) -> bool:
    """True where Linux lists VNNI; False elsewhere, where products of 8-bit numbers may overflow 16 bits."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    return any(flag in flags for flag in ("avx512_vnni", "avx_vnni"))


def exactness() -> str:
    """The value of ONNX Runtime's ``session.x64quantprecision``: a needless 1 halves the speed."""
    return "0" if multiplies_exactly() else "1"
