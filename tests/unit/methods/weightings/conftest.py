"""What the tests of single weightings share: problems with known answers, and ways down them."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def concave_pair(x):
    """Fonseca and Fleming's pair: 1 - exp(-|x -+ 1/sqrt(n)|^2), a concave front."""
    shift = 1 / math.sqrt(x.shape[-1])
    return torch.stack([1 - torch.exp(-(x - s).square().sum(-1)) for s in (shift, -shift)], dim=-1)


def quadratics(x):
    """Squared distances to the unit vectors: a convex front with any number of tasks."""
    centers = torch.eye(x.shape[-1], dtype=x.dtype)
    return (x.unsqueeze(-2) - centers).square().sum(-1)


def descend(name, objectives, x, preference, steps, lr, **options):
    chosen = method(name, **options)
    m = objectives(x).shape[-1]
    state = chosen.init(LaneShapes(x.shape[:-1], m))
    for step in range(steps):
        x = x.detach().requires_grad_()
        losses = objectives(x)
        rows = torch.stack(
            [torch.autograd.grad(losses[..., i].sum(), x, retain_graph=True)[0] for i in range(m)],
            -2,
        )
        signals = Signals(
            losses=losses.detach(),
            gramian=rows @ rows.mT,
            preference=preference,
            steps=torch.full(x.shape[:-1], step),
        )
        w, state = chosen.step(state, signals)
        x = x.detach() - lr * (w.unsqueeze(-1) * rows).sum(-2)
    return objectives(x).detach()


@pytest.fixture(name="concave_pair")
def concave_pair_fixture():
    return concave_pair


@pytest.fixture(name="descend")
def descend_fixture():
    return descend


@pytest.fixture(name="quadratics")
def quadratics_fixture():
    return quadratics
