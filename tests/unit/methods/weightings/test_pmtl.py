"""`pmtl` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.base import method


def test_pmtl_ends_in_its_own_sector(concave_pair, descend):
    angles = torch.linspace(0.15, math.pi / 2 - 0.15, 5, dtype=torch.float64)
    p = torch.stack((angles.cos(), angles.sin()), -1)
    p = p / p.sum(-1, keepdim=True)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(5, 4, dtype=torch.float64, generator=g) - 0.5
    losses = descend("pmtl", concave_pair, x, p, 300, 1.0, search_steps=150)
    reached = losses / losses.norm(dim=-1, keepdim=True)
    wanted = p / p.norm(dim=-1, keepdim=True)
    cosine = (reached * wanted).sum(-1)
    assert (cosine > math.cos(0.12)).all()
    assert ((-torch.log1p(-losses)).sqrt().sum(-1) - 2).abs().max() < 2e-2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("preference", [(0.3, 0.7), (0.1, 0.9), (0.5, 0.5)])
def test_a_reference_of_pmtl_that_is_the_preference_has_no_border(dtype, preference):
    rows = torch.tensor([[1.0, 0.2, 0.0], [-0.3, 1.0, 0.5]], dtype=torch.float64)
    losses, p = torch.tensor([1.0, 3.0]).double(), torch.tensor(preference).double()
    gramian = rows @ rows.mT
    exact = pm.weights("pmtl", gramian=gramian, losses=losses, preference=p)
    # rounded to float32, as the engine passes preferences to networks
    signals = {"gramian": gramian, "losses": losses, "preference": p}
    found = pm.weights("pmtl", **{k: v.float().to(dtype) for k, v in signals.items()})
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-6)
    assert exact.abs().max() > 1e-3


def test_pmtl_counts_its_references_before_it_makes_them():
    with pytest.raises(BadInput, match="`divisions` must be less than 64"):
        method("pmtl", divisions=10**30)
    for m, divisions in ((4, 63), (3, 50)):
        with pytest.raises(BadInput, match=r"more than 64 references.*fewer divisions"):
            pm.weights("pmtl", gramian=torch.eye(m), losses=torch.ones(m), divisions=divisions)
    assert method("pmtl").most_tasks == 64
    assert method("pmtl", divisions=10).most_tasks == 2
    with pytest.raises(BadInput, match="at most 2 tasks"):
        pm.trace("dtlz2", method("pmtl", divisions=10), budget=pm.Budget(steps=1))


def test_pmtl_takes_any_number_of_tasks(descend, quadratics):
    p = torch.tensor([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]], dtype=torch.float64)
    x = torch.zeros(2, 3, dtype=torch.float64) + 0.1
    losses = descend("pmtl", quadratics, x, p, 400, 0.05)
    assert losses[0].argmax() == 0
    assert losses[1].argmax() == 1
