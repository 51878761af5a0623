"""What a preference is: finite, nonnegative numbers whose sum is one, up to rounding."""

from __future__ import annotations

import numpy as np
import pytest

from paretomtl.errors import BadInput
from paretomtl.preference import TOLERANCE, check_simplex


@pytest.mark.parametrize(
    "row",
    [
        [1.0],
        [0.0, 1.0],
        [0.5, 0.5],
        [0.333333, 0.333333, 0.333334],
        [0.25, 0.75 + 0.9 * TOLERANCE],
        [0.25, 0.75 - 0.9 * TOLERANCE],
        list(np.full(7, 1 / 7, dtype=np.float32)),
    ],
)
def test_what_is_on_the_simplex(row: list[float]) -> None:
    check_simplex(np.array([row], dtype=np.float64))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            [-1e-12, 1.0],
            r"preference 1 \(-1e-12, 1\): entry 0 must be finite and >= 0; found -1e-12",
        ),
        ([0.0, float("nan")], "entry 1 must be finite and >= 0; found nan"),
        ([float("inf"), 0.0], "entry 0 must be finite and >= 0; found inf"),
        (
            [0.5, 0.5 + 1.1 * TOLERANCE],
            r"preference 1 \(0.5, 0.500001\) sums to 1.0000011, not to 1",
        ),
        ([2.0, 2.0], r"sums to 4, not to 1; divide by 4\.$"),
        ([0.0, 0.0], r"sums to 0, not to 1\.$"),
    ],
)
def test_the_first_row_off_the_simplex_is_named(row: list[float], message: str) -> None:
    rows = np.array([[0.5, 0.5], row, [9.0, 9.0]])
    with pytest.raises(BadInput, match=message):
        check_simplex(rows)


def test_no_preference_is_no_fault() -> None:
    check_simplex(np.empty((0, 3)))
