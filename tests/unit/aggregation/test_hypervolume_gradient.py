"""Dominated volumes and their gradients against pymoo, Monte-Carlo-free, and finite differences."""

from __future__ import annotations

import itertools

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


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_volume_equals_inclusion_and_exclusion(m):
    sides = torch.rand(5, m, dtype=torch.float64, generator=torch.Generator().manual_seed(m))
    volume = 0.0
    for size in range(1, 6):
        for some in itertools.combinations(range(5), size):
            volume += (-1) ** (size + 1) * float(sides[list(some)].amin(0).prod())
    found = float(dominated_volume(sides, torch.ones(5, dtype=torch.bool)))
    # 31 terms of at most one
    assert found == pytest.approx(volume, abs=32 * torch.finfo(torch.float64).eps)


def test_points_of_other_ranks_do_not_cover():
    sides = torch.tensor([[0.5, 0.5], [1.0, 1.0]], dtype=torch.float64)
    together = hypervolume_gradient(sides, torch.tensor([0, 0]))
    apart = hypervolume_gradient(sides, torch.tensor([1, 0]))
    assert together.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert apart.tolist() == [[0.5, 0.5], [1.0, 1.0]]


@pytest.mark.parametrize("m", [2, 3])
def test_a_set_is_the_same_in_any_batch(m):
    g = torch.Generator().manual_seed(m)
    sides = torch.rand(6, 7, m, dtype=torch.float64, generator=g) * 1.2 - 0.1
    sides[2] = torch.nan
    ranks = front_ranks(-sides, (sides > 0).all(-1))
    together = hypervolume_gradient(sides, ranks)
    for k in (0, 1, 3, 5):
        assert torch.equal(front_ranks(-sides[k], (sides[k] > 0).all(-1)), ranks[k])
        assert torch.equal(hypervolume_gradient(sides[k], ranks[k]), together[k])
