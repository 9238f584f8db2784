"""Budgets: the finest quality that fits, by as few encodings as halving takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitido.sharing.budget import LOWEST, finest


@given(st.integers(LOWEST, 100), st.integers(1, 2000))
def test_the_finest_quality_that_fits_is_found(quality: int, budget: int) -> None:
    tried = []

    def make(q: int) -> bytes:
        tried.append(q)
        return bytes(10 * q)

    found = finest(make, quality, budget)
    fitting = [q for q in range(LOWEST, quality + 1) if 10 * q <= budget]
    assert found.fits == bool(fitting)
    assert found.quality == (max(fitting) if fitting else LOWEST)
    assert len(found.data) == 10 * found.quality
    assert len(tried) <= 9


def test_without_a_budget_the_quality_is_as_asked_for() -> None:
    found = finest(lambda quality: bytes(quality), 75, None)
    assert (found.quality, found.fits, len(found.data)) == (75, True, 75)


def test_a_size_that_does_not_fall_with_quality_still_gives_what_fits() -> None:
    sizes = {q: 500 - q for q in range(101)}
    found = finest(lambda quality: bytes(sizes[quality]), 75, 426)
    assert found.fits is (len(found.data) <= 426)
    assert len(found.data) == min(sizes[75], len(found.data))
    assert pytest.approx(found.quality, abs=1) == 75
