"""Oracles in exact rational arithmetic, and the law of lanes, for every solver's own tests."""

from __future__ import annotations

import itertools
from fractions import Fraction
from types import SimpleNamespace

import pytest
import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.testing import matrices


def rational(values):
    """Convert a vector or a matrix of floats, which are rational numbers, without rounding."""
    if isinstance(values, torch.Tensor):
        values = values.tolist()
    return [rational(v) if isinstance(v, list) else Fraction(v) for v in values]


def rounded(fractions):
    """Return a float64 tensor of a vector or a matrix of fractions."""
    nested = [[*map(float, v)] if isinstance(v, list) else float(v) for v in fractions]
    return torch.tensor(nested, dtype=torch.float64)


def dot(one, other):
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def times(matrix, vector):
    return [dot(row, vector) for row in matrix]


def solve(matrix, right):
    """Solve by Gauss-Jordan elimination; None where the matrix is singular."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next((k for k in range(i, len(rows)) if rows[k][i]), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k, row in enumerate(rows):
            if k != i and row[i]:
                rows[k] = [x - row[i] * y for x, y in zip(row, rows[i], strict=True)]
    return [row[-1] for row in rows]


def supports(m):
    return itertools.chain.from_iterable(itertools.combinations(range(m), k) for k in range(m + 1))


def spread(support, values, m):
    """Put values on a support, zeros elsewhere."""
    full = [Fraction(0)] * m
    for i, value in zip(support, values, strict=True):
        full[i] = value
    return full


def nonnegative(matrix, force):
    """Minimize `s^T M s / 2 - f^T s` over `s >= 0` by trying every face."""
    matrix, force = rational(matrix), rational(force)
    m = len(force)
    for support in supports(m):
        part = [[matrix[i][j] for j in support] for i in support]
        found = solve(part, [force[i] for i in support])
        if found is None or min(found, default=0) < 0:
            continue
        s = spread(support, found, m)
        if all(y >= f for y, f in zip(times(matrix, s), force, strict=True)):
            return s
    raise AssertionError("the program is unbounded")


def min_norm(gramian):
    """Minimize `w^T G w` over the simplex by trying every face."""
    gramian = rational(gramian)
    m = len(gramian)
    for support in supports(m):
        bordered = [[*(gramian[i][j] for j in support), Fraction(-1)] for i in support]
        bordered.append([Fraction(1)] * len(support) + [Fraction(0)])
        found = solve(bordered, [Fraction(0)] * len(support) + [Fraction(1)]) if support else None
        if found is None or min(found[:-1]) < 0:
            continue
        w = spread(support, found[:-1], m)
        if min(times(gramian, w)) >= found[-1]:
            return w
    raise AssertionError("every face is singular")


@pytest.fixture(scope="session")
def exact():
    """Solvers in exact arithmetic, which take tensors and return lists of fractions."""
    return SimpleNamespace(
        rational=rational,
        rounded=rounded,
        dot=dot,
        times=times,
        solve=solve,
        nonnegative=nonnegative,
        min_norm=min_norm,
    )


def check_lanes(answer, m, n=5):
    """Hold a solver `answer(gramian, precision)` to the law of lanes, on every kind and a lane of NaN.

    A lane has the same bits alone, in any batch and between any neighbors; a bad lane is NaN.
    """
    rows = matrices.draw_every_kind(m, n, seed=m)
    rows = torch.cat((rows, torch.full_like(rows[:1], torch.nan)))
    gramian = matrices.products(rows, rows)

    def solved(some):
        lanes = clean(some)
        found = answer(lanes.matrix, lanes.precision)
        return lanes.restore(found.flatten(len(some.shape) - 2))

    together = solved(gramian)
    assert together[-1].isnan().all()
    assert together[:-1].isfinite().all()
    assert torch.equal(solved(gramian[:-1]), together[:-1])
    assert torch.equal(solved(gramian.flip(0)).flip(0)[:-1], together[:-1])
    shaped = solved(gramian[:-1].reshape(2, -1, m, m)).reshape(len(gramian) - 1, -1)
    assert torch.equal(shaped, together[:-1])
    for one, expected in zip(gramian[:-1], together[:-1], strict=True):
        assert torch.equal(solved(one), expected)


@pytest.fixture(scope="session")
def law_of_lanes():
    """See `check_lanes`."""
    return check_lanes
