"""Dominated volumes and their gradients against pymoo, Monte-Carlo-free, and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pymoo.indicators.hv import HV

from paretomtl.aggregation.hypervolume_gradient import (
    dominated_volume,
    front_ranks,
    hypervolume_gradient,
)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_volume_matches_pymoo(m):
    g = torch.Generator().manual_seed(m)
    points = torch.rand(4, 7, m, dtype=torch.float64, generator=g) * 1.2
    counted = torch.rand(4, 7, generator=g) < 0.8
    ours = dominated_volume(1 - points, counted)
    for k in range(4):
        theirs = HV(ref_point=np.ones(m))(points[k][counted[k]].numpy())
        assert ours[k] == pytest.approx(float(theirs), abs=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_gradient_matches_finite_differences(m):
    g = torch.Generator().manual_seed(10 + m)
    points = torch.rand(6, m, dtype=torch.float64, generator=g)
    sides = 1 - points
    counted = torch.ones(6, dtype=torch.bool)
    gradient = hypervolume_gradient(sides, torch.zeros(6, dtype=torch.int64))
    step = 1e-7
    for i in range(6):
        for k in range(m):
            shift = torch.zeros_like(sides)
            shift[i, k] = step
            up = dominated_volume(sides + shift, counted)
            down = dominated_volume(sides - shift, counted)
            assert gradient[i, k] == pytest.approx(float((up - down) / (2 * step)), abs=1e-7)


def test_ranks_peel_the_fronts():
    points = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0], [1.0, 1.0]])
    ranks = front_ranks(points, torch.ones(5, dtype=torch.bool))
    assert ranks.tolist() == [0, 0, 1, 2, 1]
    ranks = front_ranks(points, torch.tensor([False, True, True, True, True]))
    assert ranks.tolist() == [0, 0, 1, 2, 1]


def test_identical_points_and_points_beyond_the_reference():
    sides = torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.5, -0.1]], dtype=torch.float64)
    gradient = hypervolume_gradient(sides, torch.zeros(3, dtype=torch.int64))
    assert gradient.tolist() == [[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]]
