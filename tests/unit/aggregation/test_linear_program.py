"""Linear programs on the simplex against SciPy's HiGHS."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from paretomtl.aggregation.linear_program import maximize_on_simplex


def reference(c, B):
    m = len(c)
    found = linprog(-c, A_ub=-B, b_ub=np.zeros(len(B)), A_eq=np.ones((1, m)), b_eq=[1])
    return -found.fun if found.status == 0 else None


@pytest.mark.parametrize("m", [1, 2, 3, 6, 12])
@pytest.mark.parametrize("seed", [0, 1])
def test_value_and_feasibility_match(m, seed):
    g = torch.Generator().manual_seed(seed)
    c = torch.randn(25, m, dtype=torch.float64, generator=g)
    B = torch.randn(25, m, m, dtype=torch.float64, generator=g)
    B[:8] = B[:8] @ B[:8].mT
    B[3] = 0
    a = maximize_on_simplex(c, B)
    for k in range(25):
        best = reference(c[k].numpy(), B[k].numpy())
        if best is None:
            assert (a[k] == 0).all()
        else:
            assert (a[k] >= 0).all()
            assert abs(float(a[k].sum()) - 1) < 1e-12
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
