"""`hv_scalarization` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.methods.scalarizations.hv_scalarization import sphere_constant

F64 = torch.float64


def vector(*values):
    return torch.tensor(values, dtype=F64)


def volume(points, reference, m, n=400_000):
    """Estimate the hypervolume from random directions, with its standard error."""
    g = torch.Generator().manual_seed(11)
    directions = torch.randn(n, m, generator=g, dtype=F64).abs()
    preferences = directions / directions.sum(-1, keepdim=True)
    best = torch.zeros(n, dtype=F64)
    for point in points:
        losses = vector(*point).expand(n, m)
        value = -pm.scalarize("hv_scalarization", losses, preferences, reference=reference)
        best = torch.maximum(best, value)
    scale = sphere_constant(m)
    return scale * best.mean().item(), scale * best.std().item() / math.sqrt(n)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_mean_over_directions_is_the_volume_of_one_point(m):
    point = [0.1 * (i + 1) for i in range(m)]
    exact = math.prod(1.0 - x for x in point)
    found, error = volume([point], 1.0, m)
    assert abs(found - exact) < 5 * error
    assert error < 0.01 * exact


def test_mean_of_the_maximum_is_the_volume_of_a_set():
    points = [(0.2, 0.7), (0.5, 0.4), (0.9, 0.1), (1.3, 0.05)]
    exact = pm.hypervolume(np.array(points), np.array([1.0, 1.0]))
    found, error = volume(points, 1.0, 2)
    assert abs(found - exact) < 5 * error


def test_beyond_the_reference_point():
    losses = vector(1.5, 0.5)
    assert pm.scalarize("hv_scalarization", losses, reference=1.0, outside="flat") == 0
    assert pm.weights(
        "hv_scalarization", losses=losses, reference=1.0, outside="flat"
    ).tolist() == [0, 0]
    assert pm.scalarize("hv_scalarization", losses, reference=1.0) > 0
    weights = pm.weights("hv_scalarization", losses=losses, reference=1.0)
    assert weights[0] > 0
    assert weights[1] == 0
