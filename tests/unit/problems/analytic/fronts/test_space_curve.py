"""Hypervolumes of curves among three objectives."""

import moocore
import numpy as np
import pytest
import torch
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.space_curve import curve_hypervolume, volume

import paretomtl as pm

F64 = torch.float64


def test_volume_in_three_objectives_against_moocore():
    rng = np.random.default_rng(0)
    r = torch.tensor([1.0, 1.1, 0.9], dtype=F64)
    for n in (1, 2, 30, 400):
        points = rng.random((n, 3))
        points[n // 2] = points[0]  # a duplicate
        points[-1, :2] = points[0, :2]  # ties
        expected = moocore.hypervolume(points, ref=r.numpy())
        assert volume(torch.tensor(points), r) == pytest.approx(expected, rel=1e-12)


def test_the_volume_of_a_known_curve():
    """dtlz5's arc, whose volume has a closed form."""
    problem = pm.problem("dtlz5")

    def point(t):
        half = t.sin() * 0.5**0.5
        return torch.stack((half, half, t.cos()), -1)

    arc = Curve(point, ((0.0, np.pi / 2),))
    found = curve_hypervolume(arc, problem.reference_point, points=5001)
    assert found == pytest.approx(problem.best_hypervolume(), rel=2e-6)
