"""`G^+ b` against exact arithmetic and the pseudo-inverse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from paretomtl.aggregation.equal_angles import solve
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "kind", ["random", "conflicting", "row imbalance to 1e-6", "huge gradients"]
)
def test_full_rank_equals_the_exact_solution(exact, kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(6,), seed=m)
    d = conditions.lengths(gramian)
    found = solve(gramian, d, d, precision=EPS)
    for k in range(6):
        wanted = exact.rounded(exact.solve(exact.rational(gramian[k]), exact.rational(d[k])))
        # Cholesky is indifferent to lengths: the condition is that of the cosines
        condition = float(torch.linalg.cond(gramian[k] / d[k] / d[k].unsqueeze(-1)))
        error = (found[k] - wanted).abs() * d[k]
        assert error.max() <= 8 * m * EPS * condition * (wanted.abs() * d[k]).max()


@pytest.mark.parametrize("m", [3, 4, 6])
@pytest.mark.parametrize(
    "kind", ["rank one", "half rank", "opposite rows", "duplicate rows", "zero row"]
)
def test_dependent_rows_give_the_solution_of_least_norm(kind, m):
    """A right side in the range, so that rounding of small eigenvalues is not asked for."""
    gramian = matrices.draw_gramian(kind, m, m + 2, batch=(6,), seed=m)
    d = conditions.lengths(gramian)
    right = conditions.apply(gramian, torch.ones(6, m, dtype=torch.float64))
    found = solve(gramian, right, d, precision=EPS)
    for k in range(6):
        inverse = np.linalg.pinv(gramian[k].numpy(), rcond=m * EPS, hermitian=True)
        wanted = torch.from_numpy(inverse @ right[k].numpy())
        kept = torch.linalg.eigvalsh(gramian[k])
        kept = kept[kept > kept[-1] * m * EPS]
        limit = 32 * m * EPS * float(kept[-1] / kept[0]) * (1 + float(wanted.norm()))
        assert torch.allclose(found[k], wanted, rtol=0, atol=limit)


def test_nothing_of_nothing():
    zero = torch.zeros(2, 3, 3, dtype=torch.float64)
    assert (solve(zero, zero[..., 0], zero[..., 0], precision=EPS) == 0).all()


@pytest.mark.parametrize("m", [2, 3, 6])
def test_the_direction_meets_all_gradients_at_one_angle(m):
    rows = matrices.draw_jacobian("conflicting", m, m + 2, batch=(10,), seed=m)
    gramian = matrices.products(rows, rows)
    d = conditions.lengths(gramian)
    u = (solve(gramian, d, d, precision=EPS).unsqueeze(-1) * rows).sum(-2)
    cosines = (rows * u.unsqueeze(-2)).sum(-1) / d / u.norm(dim=-1, keepdim=True)
    limit = 8 * m * EPS * float(torch.linalg.cond(gramian).max())
    assert float((cosines - cosines.mean(-1, keepdim=True)).abs().max()) <= limit


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    def answer(gramian, precision):
        d = conditions.lengths(gramian)
        return solve(gramian, d, d, precision=precision)

    law_of_lanes(answer, m)
