"""Which processors need ONNX Runtime's slower, exact products of 8-bit numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from nitido.runtime.exact import multiplies_exactly


@pytest.mark.parametrize(
    ("cpuinfo", "exact"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni amx_int8\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512bw\n", False),
        ("Features\t: fp asimd\n", False),
        ("", False),
    ],
    ids=["server", "laptop", "older", "arm", "empty"],
)
def test_vnni_is_read_from_what_linux_says(tmp_path: Path, cpuinfo: str, exact: bool) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    assert multiplies_exactly(file) is exact


def test_where_nothing_is_said_the_exact_way_is_taken(tmp_path: Path) -> None:
    assert not multiplies_exactly(tmp_path / "none")
