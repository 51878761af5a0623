"""Projections on the simplex and on a ball."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from paretomtl.aggregation.simplex import project_on_ball, project_on_simplex

points = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(points)
def test_simplex_projection_satisfies_its_optimality_conditions(values):
    x = torch.tensor(values, dtype=torch.float64)
    p = project_on_simplex(x)
    size = 1 + float(x.abs().max())
    assert (p >= 0).all()
    assert abs(float(p.sum()) - 1) < 1e-9 * size
    # x - p is the same on the support and no larger elsewhere
    gap = x - p
    top = gap[p > 0].max()
    assert (gap[p > 0] >= top - 1e-9 * size).all()
    assert (gap <= top + 1e-9 * size).all()


def test_simplex_projection_of_batches_and_of_points_inside():
    x = torch.tensor([[[0.2, 0.3, 0.5]], [[5.0, 0.0, 0.0]]])
    assert torch.allclose(project_on_simplex(x), torch.tensor([[[0.2, 0.3, 0.5]], [[1.0, 0, 0]]]))


def test_ball_projection():
    x = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(project_on_ball(x, 1.0), expected)
