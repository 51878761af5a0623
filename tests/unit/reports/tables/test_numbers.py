"""Numbers read well: digits follow the interval."""

from __future__ import annotations

import math

import pytest
from paretomtl_reports.analysis.statistics import estimate
from paretomtl_reports.tables.numbers import estimate_text, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.55211559, "0.5521"), (math.nan, "–"), (math.inf, "∞"), (12.0, "12"), (1.5e-7, "1.50e-07")],
)
def test_numbers_are_readable(value, text):
    assert number(value) == text


def test_the_interval_decides_the_digits_of_the_mean():
    assert estimate_text(estimate([0.5, 0.51, 0.52])) == "0.510 ± 0.025"
    assert estimate_text(estimate([3.0, 3.0])) == "3 ± 0"
    assert estimate_text(estimate([0.5])) == "0.5"
    assert percent(0.9973) == "99.73 %"
