"""Spheres and simplices: their equations, and volumes against a count of random points."""

import math

import pytest
import torch
from paretomtl_problems.analytic.fronts.simplex_and_sphere import (
    even_simplex,
    even_sphere,
    inverted_hypervolume,
    orthant_ball,
    spherical,
    split_into_parts,
)


def draws(*shape):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("m", [2, 3, 6])
def test_parts_add_up_and_points_lie_on_the_sphere(m):
    shares, whole = draws(50, m - 1), 1 + draws(50)
    torch.testing.assert_close(split_into_parts(shares, whole).sum(-1), whole)
    torch.testing.assert_close(spherical(shares, whole).square().sum(-1).sqrt(), whole)
    torch.testing.assert_close(spherical(shares, whole)[:, -1], whole * shares[:, 0].sin())


@pytest.mark.parametrize("m", [2, 3, 6])
def test_even_points_start_with_the_corners(m):
    simplex, sphere = even_simplex(200, m), even_sphere(200, m)
    for points in (simplex, sphere):
        assert torch.equal(points[:m], torch.eye(m, dtype=torch.float64))
        assert float(points.min()) >= 0
    torch.testing.assert_close(simplex.sum(-1), torch.ones(200, dtype=torch.float64))
    torch.testing.assert_close(sphere.square().sum(-1), torch.ones(200, dtype=torch.float64))
    assert torch.equal(even_simplex(2, m), simplex[:2])


@pytest.mark.parametrize("power", [1, 2])
def test_inverted_volumes_against_random_points(power):
    """A point is dominated when its distances to the nadir, cut off at 0, lie in the corner."""
    excess = torch.tensor([0.2, 0.1, 0.4], dtype=torch.float64)
    corner = [1 / math.factorial(k) if power == 1 else orthant_ball(k) for k in range(4)]
    volume = inverted_hypervolume(excess, 1.0, corner)
    below = 1 - draws(200_000, 3) * (1 + excess)
    share = float((below.clamp_min(0).pow(power).sum(-1) <= 1).double().mean())
    box = float((1 + excess).prod())
    sigma = box * math.sqrt(share * (1 - share) / 200_000)
    assert volume == pytest.approx(box * share, abs=4 * sigma)
