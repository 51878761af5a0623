"""`boundary_intersection` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import pytest
import torch

import paretomtl as pm


def test_pbi_geometry(vector):
    """On the ray (1, 1) from the origin, a point at distance 3 along and 2 away."""
    u, v = vector(1.0, 1.0) / math.sqrt(2), vector(1.0, -1.0) / math.sqrt(2)
    point = 3 * u + 2 * v
    assert pm.scalarize("pbi", point, theta=5.0).item() == pytest.approx(3 + 10)
    assert pm.scalarize("pbi", point, theta=0.0).item() == pytest.approx(3)
    torch.testing.assert_close(pm.weights("pbi", losses=point, theta=5.0), u + 5 * v)
    assert pm.scalarize("pbi", point + 1, ideal=vector(1.0, 1.0)).item() == pytest.approx(13)
    inverted = pm.scalarize("inverted_pbi", vector(7.0, 7.0) - point, nadir=7.0, theta=0.1)
    assert inverted.item() == pytest.approx(-(3 - 0.2))


def test_pbi_on_the_ray_is_finite_and_points_along_it(vector):
    weights = pm.weights("pbi", losses=vector(2.0, 2.0))
    torch.testing.assert_close(weights, vector(1.0, 1.0) / math.sqrt(2))
    assert pm.weights("pbi", losses=vector(0.0, 0.0)).isfinite().all()
    assert pm.weights("cosmos", losses=vector(0.0, 0.0)).tolist() == [0.5, 0.5]


def test_cosmos_formula(vector):
    losses, p = vector(1.0, 4.0, 2.0), vector(0.5, 0.2, 0.3)
    cosine = float(losses @ p / losses.norm() / p.norm())
    found = pm.scalarize("cosmos", losses, p, lambda_=3.0).item()
    assert found == pytest.approx(float(p @ losses) - 3 * cosine)
