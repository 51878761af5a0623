"""`famo` against closed forms, limits and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


def test_famo_against_torch_autograd_and_adam():
    rng = np.random.default_rng(4)
    pairs = [(rng.uniform(0.2, 2, 3), rng.uniform(0.2, 2, 3)) for _ in range(12)]
    chosen = method("famo")
    state = chosen.init(LaneShapes((), 3))
    w = torch.zeros(3, dtype=F64, requires_grad=True)
    adam = torch.optim.Adam([w], lr=0.025, weight_decay=1e-3)
    for before, after in pairs:
        before, after = torch.from_numpy(before), torch.from_numpy(after)
        weights, state = chosen.step(state, Signals(losses=before))
        z = torch.softmax(w.detach(), -1)
        expected = z / before / (z / before).sum()
        torch.testing.assert_close(weights, expected, rtol=1e-7, atol=0)
        assert weights.sum().item() == pytest.approx(1)
        delta = (before + 1e-8).log() - (after + 1e-8).log()
        adam.zero_grad()
        w.grad = torch.autograd.grad(torch.softmax(w, -1), w, delta)[0]
        adam.step()
        state = chosen.observe(state, Signals(losses=after))
        torch.testing.assert_close(state["parameter"], w.detach(), rtol=1e-10, atol=1e-12)


def test_famo_evens_out_the_rates_of_decrease(vector):
    """The logits rise for the task that improved least."""
    chosen = method("famo")
    state = chosen.init(LaneShapes((), 2))
    _, state = chosen.step(state, Signals(losses=vector(1.0, 1.0)))
    state = chosen.observe(state, Signals(losses=vector(0.5, 0.99)))
    assert state["parameter"][1] > state["parameter"][0]


def test_famo_with_negative_losses_through_its_shift(vector):
    weights = pm.weights("famo", losses=vector(-20.0, 3.0), shift=21.0)
    torch.testing.assert_close(weights, vector(24 / 25, 1 / 25), rtol=1e-6, atol=0)
