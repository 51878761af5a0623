"""Projections on the simplex and on a ball."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paretomtl.aggregation.simplex import project_on_ball, project_on_simplex
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps

points = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(points)
def test_simplex_projection_satisfies_its_optimality_conditions(values):
    x = torch.tensor(values, dtype=torch.float64)
    p = project_on_simplex(x)
    # the threshold is a sum of m numbers of this size, divided
    limit = 2 * len(values) * EPS * (1 + sum(map(abs, values)))
    assert (p >= 0).all()
    assert abs(float(p.sum()) - 1) <= len(values) * limit
    # x - p is the same on the support and no larger elsewhere
    gap = x - p
    top = gap[p > 0].max()
    assert (gap[p > 0] >= top - limit).all()
    assert (gap <= top + limit).all()


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_simplex_projection_equals_the_exact_one(exact, m):
    """`|x - p|^2` over the simplex is the least norm of the rows `e_i - x`, up to a constant."""
    points = matrices.normal(10, m, generator=torch.Generator().manual_seed(m))
    for x, found in zip(points, project_on_simplex(points), strict=True):
        rows = exact.rational(torch.eye(m).double())
        rows = [[a - b for a, b in zip(row, exact.rational(x), strict=True)] for row in rows]
        wanted = exact.min_norm([[exact.dot(a, b) for b in rows] for a in rows])
        assert torch.allclose(
            found, exact.rounded(wanted), rtol=0, atol=4 * m * EPS * (1 + float(x.abs().sum()))
        )


@pytest.mark.parametrize(
    "project", [project_on_simplex, lambda x: project_on_ball(x, 0.7)], ids=["simplex", "ball"]
)
def test_lanes(project):
    points = matrices.normal(9, 5, generator=torch.Generator().manual_seed(0))
    points[4] = torch.nan
    together = project(points)
    assert together[4].isnan().all()
    for k in (0, 3, 5, 8):
        assert torch.equal(project(points[k]), together[k])
        assert torch.equal(project(points[k:])[0], together[k])


def test_simplex_projection_of_batches_and_of_points_inside():
    x = torch.tensor([[[0.2, 0.3, 0.5]], [[5.0, 0.0, 0.0]]])
    assert torch.allclose(project_on_simplex(x), torch.tensor([[[0.2, 0.3, 0.5]], [[1.0, 0, 0]]]))


def test_ball_projection():
    x = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(project_on_ball(x, 1.0), expected)
