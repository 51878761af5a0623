"""`epo` against closed forms, limits and independent implementations."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput


def test_epo_ends_where_preferred_losses_are_equal(concave_pair, descend):
    """On the concave front the four rays of the paper end at stated points."""
    p = torch.tensor([[0.2, 0.8], [0.4, 0.6], [0.6, 0.4], [0.8, 0.2]], dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(4, 4, dtype=torch.float64, generator=g) - 0.5
    losses = descend("epo", concave_pair, x, p, 400, 0.1)
    share = p * losses / (p * losses).sum(-1, keepdim=True)
    assert (share - 0.5).abs().max() < 0.02
    # on the front: x along the diagonal, so sqrt(-log(1-f1)) + sqrt(-log(1-f2)) = 2
    onto = (-torch.log1p(-losses)).sqrt().sum(-1)
    assert (onto - 2).abs().max() < 5e-3


def test_epo_three_tasks(descend, quadratics):
    p = torch.tensor([[0.2, 0.3, 0.5], [1 / 3, 1 / 3, 1 / 3]], dtype=torch.float64)
    g = torch.Generator().manual_seed(1)
    x = torch.rand(2, 3, dtype=torch.float64, generator=g)
    losses = descend("epo", quadratics, x, p, 200, 0.04)
    share = p * losses / (p * losses).sum(-1, keepdim=True)
    assert (share - 1 / 3).abs().max() < 0.02


def test_epo_needs_losses_above_the_ideal_point():
    """It measures from there: what matters is the sign of `L - z`, not of L."""
    gramian = torch.tensor([[1.0, 0.2], [0.2, 2.0]], dtype=torch.float64)
    losses = torch.tensor([1.0, 0.5], dtype=torch.float64)
    expected = pm.weights("epo", gramian=gramian, losses=losses)
    ideal = torch.tensor([-2.0, -2.0], dtype=torch.float64)
    found = pm.weights("epo", gramian=gramian, losses=losses + ideal, ideal=ideal)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    with pytest.raises(BadInput, match=r"above the ideal point; found -1 for task 1"):
        pm.weights("epo", gramian=gramian, losses=losses, ideal=torch.tensor([2.0, 0.0]).double())
    front = pm.trace("kursawe", "epo", preferences=3, budget=pm.Budget(steps=20))
    assert front.ok.all()
    with pytest.raises(BadInput, match="needs positive losses"):
        pm.trace("kursawe", "log_sum", budget=pm.Budget(steps=20))
