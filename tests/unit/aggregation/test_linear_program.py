"""Linear programs on the simplex against SciPy's HiGHS."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from paretomtl.aggregation.linear_program import maximize_on_simplex
from paretomtl.testing import conditions, matrices


def reference(c, B):
    m = len(c)
    found = linprog(-c, A_ub=-B, b_ub=np.zeros(len(B)), A_eq=np.ones((1, m)), b_eq=[1])
    return -found.fun if found.status == 0 else None


@pytest.mark.parametrize("m", [1, 2, 3, 6, 12])
@pytest.mark.parametrize("seed", [0, 1])
def test_value_and_feasibility_match(m, seed):
    c = matrices.normal(25, m, generator=torch.Generator().manual_seed(seed))
    B = matrices.draw_jacobian("random", m, m, batch=(25,), seed=seed)
    B[:8] = matrices.products(B[:8], B[:8])
    B[3] = 0
    a = maximize_on_simplex(c, B)
    for k in range(25):
        best = reference(c[k].numpy(), B[k].numpy())
        if best is None:
            assert (a[k] == 0).all()
        else:
            # the height of the one equality, after at most 6 (m + k) + 10 pivots of order eps each
            assert float(conditions.on_simplex(a[k])) <= 100
            assert (B[k] @ a[k] > -1e-11).all()
            assert abs(float(c[k] @ a[k]) - best) < 1e-11


def test_rows_that_do_not_count():
    c = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    B = torch.tensor([[[-1.0, 1.0]]], dtype=torch.float64)
    assert torch.allclose(maximize_on_simplex(c, B), torch.full((1, 2), 0.5, dtype=torch.float64))
    free = maximize_on_simplex(c, B, among=torch.tensor([[False]]))
    assert free.tolist() == [[1.0, 0.0]]


def test_two_variables_with_zeros_ties_and_rows_of_any_length():
    g = torch.Generator().manual_seed(0)
    infeasible = 0
    for _ in range(150):
        k = int(torch.randint(1, 5, (), generator=g))
        c = torch.randn(2, dtype=torch.float64, generator=g)
        B = torch.randn(k, 2, dtype=torch.float64, generator=g)
        B = B * 10 ** (4 * torch.rand(k, 1, dtype=torch.float64, generator=g) - 2)
        B = torch.where(torch.rand(k, 2, generator=g) < 0.15, 0.0, B)
        among = torch.rand(k, generator=g) < 0.8
        a = maximize_on_simplex(c, B, among=among)
        counted = B[among]
        best = reference(c.numpy(), counted.numpy())
        if best is None:
            infeasible += 1
            assert a.tolist() == [0, 0]
        else:
            assert (a >= 0).all()
            assert float(a.sum()) == 1
            assert (counted @ a >= -1e-12 * B.abs().max()).all()
            assert abs(float(c @ a) - best) < 1e-7 * (1 + abs(best))
    assert 0 < infeasible < 150


@pytest.mark.parametrize("m", [2, 3, 4])
def test_a_vertex_of_whole_numbers(exact, m):
    """Every vertex is the solution of a system of m rows; the best feasible one is the answer's value."""
    c = matrices.draw_jacobian("integers", 6, m, seed=m)
    B = matrices.draw_jacobian("integers", m, m, batch=(6,), seed=m + 1)
    found = maximize_on_simplex(c, B)
    for k in range(6):
        rows = [*exact.rational(B[k]), *exact.rational(torch.eye(m).double())]
        values = []
        for tight in itertools.combinations(rows, m - 1):
            vertex = exact.solve(
                [[Fraction(1)] * m, *tight], [Fraction(1)] + [Fraction(0)] * (m - 1)
            )
            if vertex is not None and min(exact.times(rows, vertex)) >= 0:
                values.append(exact.dot(exact.rational(c[k]), vertex))
        if not values:
            assert (found[k] == 0).all()
        else:
            assert float(c[k] @ found[k]) == pytest.approx(float(max(values)), abs=1e-13)


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    c = torch.linspace(-1, 1, m).double()
    law_of_lanes(lambda g, precision: maximize_on_simplex(c.expand(g.shape[:-1]), g), m)
