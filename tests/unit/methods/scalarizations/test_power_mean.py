"""`power_mean` against closed forms, limits and independent implementations."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.methods.base import method

F64 = torch.float64


def scalar_pair(x):
    """(t - 2)^2 and (t + 1)^2."""
    return torch.cat([(x - 2).square(), (x + 1).square()], -1)


def test_geometric_mean_abandons_a_task_on_the_scalar_pair(descend, vector):
    assert pm.scalarize("geometric_mean", vector(1.0, 100.0)).item() == pytest.approx(10)
    starts = torch.tensor([[0.6], [0.4]], dtype=F64)
    found, _ = descend(scalar_pair, starts, method("geometric_mean"), steps=1200, lr=2e-3)
    torch.testing.assert_close(found.flatten(), vector(2.0, -1.0), rtol=0, atol=5e-3)


def test_power_mean_balances_the_scalar_pair_from_one_half_on(descend, vector):
    """For losses u^2 the midpoint is a minimum iff gamma >= 1/2."""
    chosen = method("power_mean", gamma=vector(0.4, 0.6, 2.0))
    starts = torch.full((3, 1), 0.5 + 1e-3, dtype=F64)
    found, _ = descend(scalar_pair, starts, chosen, steps=1500, lr=4e-2)
    assert (found.flatten() - 0.5).abs().lt(1e-2).tolist() == [False, True, True]


@pytest.mark.parametrize("gamma", [-3.0, -0.5, 0.0, 1.0, 2.5, 8.0])
def test_power_mean_shares_are_a_softmax(gamma, vector):
    losses = vector(0.5, 2.0, 1.1)
    weights = pm.weights("power_mean", losses=losses, gamma=gamma)
    torch.testing.assert_close(
        weights / weights.sum(), torch.softmax((gamma - 1) * losses.log(), -1)
    )
