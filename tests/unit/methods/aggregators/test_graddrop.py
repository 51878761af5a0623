"""`graddrop` against closed forms, limits and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.aggregation import random
from paretomtl.errors import BadInput
from paretomtl.methods.base import Signals, method

F64 = torch.float64


M, N = 3, 6


def graddrop_by_the_paper(jacobian, z, uniform, leak):
    """Chen et al. 2020, Algorithm 1, for one lane, number by number."""
    m, (samples, features) = len(jacobian), z.shape
    g = jacobian.reshape(m, samples, features)
    direction = torch.zeros(samples, features, dtype=F64)
    for f in range(features):
        G = [sum(float(z[s, f].sign() * g[i, s, f]) for s in range(samples)) for i in range(m)]
        total = sum(abs(x) for x in G)
        purity = 0.5 * (1 + (sum(G) / total if total else 0.0))
        for i in range(m):
            mask = float(G[i] > 0 if purity > uniform[f] else G[i] < 0)
            direction[:, f] += (leak[i] + (1 - leak[i]) * mask) * g[i, :, f]
    return direction.flatten()


def test_graddrop_keeps_one_sign_with_the_right_probability():
    n = 20_000
    rows = torch.tensor([[2.0, 1.0, -1.0, 0.0], [-1.0, 3.0, -2.0, 0.0]], dtype=F64)
    keys = torch.arange(n)
    signals = Signals(jacobian=rows.expand(n, 2, 4), keys=keys, steps=torch.zeros_like(keys))
    found, _ = method("graddrop").step({}, signals)
    assert set(found[:, 0].tolist()) == {2.0, -1.0}
    assert found[:, 1:].unique(dim=0).tolist() == [[4.0, -3.0, 0.0]]
    assert (found[:, 0] > 0).double().mean().item() == pytest.approx(2 / 3, abs=0.02)


def test_graddrop_draws_differ_between_coordinates():
    rows = torch.tensor([[1.0], [-1.0]], dtype=F64).expand(2, 2000)
    found = pm.aggregate("graddrop", rows, generator=torch.Generator().manual_seed(0))
    assert 800 < (found > 0).sum() < 1200


@pytest.mark.parametrize("leak", [(0.0, 0.0, 0.0), (0.0, 0.5, 1.0)])
def test_graddrop_on_the_representation_is_the_papers_algorithm(leak):
    lanes, samples, features = 20, 4, 5
    g = torch.Generator().manual_seed(1)
    jacobian = torch.randn(lanes, M, samples * features, generator=g, dtype=F64)
    z = torch.randn(lanes, samples, features, generator=g, dtype=F64).relu()
    z[..., 3] = 0  # a feature that is off for all samples
    keys = torch.arange(lanes)
    steps = torch.full_like(keys, 7)
    signals = Signals(jacobian=jacobian, representation=z, keys=keys, steps=steps)
    found, _ = method("graddrop", leak=leak).step({}, signals)
    uniform = random.uniform(keys, steps, features)
    for k in range(lanes):
        expected = graddrop_by_the_paper(jacobian[k], z[k], uniform[k], leak)
        torch.testing.assert_close(found[k], expected)
    at_parameters, _ = method("graddrop", leak=leak).step(
        {}, Signals(jacobian=jacobian, keys=keys, steps=steps)
    )
    assert not torch.allclose(found, at_parameters)
    called = pm.aggregate("graddrop", jacobian[0].numpy(), representation=z[0].numpy(), leak=leak)
    own = random.uniform(torch.tensor(0), torch.tensor(0), features)
    expected = graddrop_by_the_paper(jacobian[0], z[0], own, leak)
    np.testing.assert_allclose(called, expected.numpy(), rtol=1e-12)


def test_graddrop_says_what_a_representation_must_be():
    rows = torch.ones(2, 6, dtype=F64)
    with pytest.raises(BadInput, match=r"4 x 2 = 8 numbers a task; found 6"):
        pm.aggregate("graddrop", rows, representation=torch.ones(4, 2, dtype=F64))
    with pytest.raises(BadInput, match=r"`representation` must have shape \[\*batch, samples, fea"):
        pm.aggregate("graddrop", rows, representation=torch.ones(6, dtype=F64))
