"""Constant gradients; the hypervolume against random sampling."""

import math

import pytest
import torch

import paretomtl as pm

F64 = torch.float64


def vec(*values):
    return torch.tensor(values, dtype=F64)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_gradient_triple():
    triple = pm.problem("gradient_triple")
    rows = torch.autograd.functional.jacobian(triple.objectives, vec(0.3, -0.2))
    assert rows.tolist() == [[1, 1], [1, -1], [-1, 1]]
    assert rows.sum(0).tolist() == [1, 1]
    draws = triple.objectives(torch.rand(200_000, 2, dtype=F64, generator=seeded(0)) * 2 - 1)
    r = triple.reference_point
    y = triple.ideal + (r - triple.ideal) * torch.rand(4000, 3, dtype=F64, generator=seeded(1))
    # Monte Carlo: y is dominated when some d in [-f3, f2] has |d| - 2 <= f1
    d_low, d_high = (-y[:, 2]).clamp(-2, 2), y[:, 1].clamp(-2, 2)
    nearest = torch.maximum(torch.minimum(torch.zeros(()), d_high), d_low)
    share = (
        ((d_low <= d_high) & (nearest.abs() - 2 <= y[:, 0]) & (-y[:, 2] <= y[:, 1])).double().mean()
    )
    exact = triple.best_hypervolume() / float((r - triple.ideal).prod())
    assert float(share) == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000))
    assert float((draws.sum(-1) - draws[:, 0]).abs().max()) < 1e-12
