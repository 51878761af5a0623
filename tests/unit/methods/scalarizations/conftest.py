"""What the tests of single scalarizations share: problems with known answers, and ways down them."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals

F64 = torch.float64


def vector(*values):
    return torch.tensor(values, dtype=F64)


def planar_pair(x):
    """|x - 1|^2 and |x + 1|^2 on the plane."""
    return torch.stack([(x - 1).square().sum(-1), (x + 1).square().sum(-1)], -1)


def descend(objectives, start, chosen, *, steps, lr, preference=None, scale=None):
    """Plain gradient descent with a scalarization on lanes of points; returns the end and the state."""
    x = start.clone().requires_grad_()
    m = objectives(x).shape[-1]
    state = chosen.init(LaneShapes(x.shape[:-1], m))
    for k in range(steps):
        losses = objectives(x) if scale is None else objectives(x) * scale
        seen = Signals(
            losses=losses.detach(),
            preference=preference,
            keys=torch.tensor(0),
            steps=torch.tensor(k),
        )
        weights, state = chosen.step(state, seen)
        (gradient,) = torch.autograd.grad((weights * losses).sum(), x)
        x = (x - lr * gradient).detach().requires_grad_()
        if chosen.reads_next_losses:
            again = objectives(x) if scale is None else objectives(x) * scale
            state = chosen.observe(state, dataclasses.replace(seen, losses=again.detach()))
    return x.detach(), state


@pytest.fixture(name="descend")
def descend_fixture():
    return descend


@pytest.fixture(name="planar_pair")
def planar_pair_fixture():
    return planar_pair


@pytest.fixture(name="vector")
def vector_fixture():
    return vector
