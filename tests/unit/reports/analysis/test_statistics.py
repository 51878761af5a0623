"""Means over seeds, their intervals, and ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from paretomtl_reports.analysis.statistics import estimate, half_widths, ranks


def test_the_interval_is_students():
    found = estimate([1.0, 2.0, 4.0])
    assert found.mean == pytest.approx(7 / 3)
    assert found.n == 3
    # t(0.975, 2) = 4.30265272975, s = sqrt(7/3)
    assert found.half_width == pytest.approx(4.302652729749464 * math.sqrt(7 / 3) / math.sqrt(3))


@pytest.mark.parametrize("values", [[], [math.nan], [2.0], [1.0, math.inf]])
def test_no_interval_without_two_finite_values(values):
    assert math.isnan(estimate(values).half_width)


def test_infinite_and_missing_values_are_told_apart():
    assert estimate([1.0, math.inf]).mean == math.inf
    assert estimate([1.0, math.nan]).mean == 1.0
    assert estimate([1.0, math.nan]).n == 1
    assert math.isnan(estimate([]).mean)


def test_half_widths_take_columns():
    values = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
    assert half_widths(values) == pytest.approx([estimate([1, 2, 4]).half_width, 0.0])
    assert np.isnan(half_widths(values[:1])).all()


def test_ranks_share_ties_and_leave_out_the_unknown():
    assert ranks([0.1, 0.9, 0.5]) == [3, 1, 2]
    assert ranks([0.5, 0.5 + 1e-13, 0.9, 0.1]) == [2.5, 2.5, 1, 4]
    assert ranks([0.5, math.nan, 0.9])[::2] == [2, 1]
    assert math.isnan(ranks([0.5, math.nan])[1])
    assert ranks([]) == []
