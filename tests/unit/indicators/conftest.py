"""A plain oracle: inclusion and exclusion over boxes, in exact rationals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod

import pytest

Oracle = Callable[[Sequence[Sequence[float]], Sequence[float]], float]


def exact_hypervolume(points: Sequence[Sequence[float]], reference: Sequence[float]) -> float:
    rows = [[Fraction(float(v)) for v in p] for p in points]
    r = [Fraction(float(v)) for v in reference]
    rows = [p for p in rows if all(a < b for a, b in zip(p, r, strict=True))]
    total = Fraction(0)
    for size in range(1, len(rows) + 1):
        for subset in itertools.combinations(rows, size):
            corner = [max(column) for column in zip(*subset, strict=True)]
            box = prod((b - a for a, b in zip(corner, r, strict=True)), start=Fraction(1))
            total += box if size % 2 else -box
    return float(total)


@pytest.fixture(scope="session")
def exact() -> Oracle:
    return exact_hypervolume
