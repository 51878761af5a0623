"""`learned` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


def test_bounds_stop_the_drive_to_infinity(vector):
    for name, sign in (("uncertainty", -1), ("imtl_l", 1)):
        chosen = method(name, lr=1.0, bounds=(-3.0, 3.0))
        state = chosen.init(LaneShapes((), 2))
        for _ in range(50):
            weights, state = chosen.step(state, Signals(losses=vector(0.0, 0.0)))
        assert state["parameter"].tolist() == [3.0 * sign, 3.0 * sign]
        assert weights.isfinite().all()


def test_adam_is_that_of_torch(vector):
    losses = [vector(0.3, 5.0), vector(0.1, 7.0), vector(0.9, 1.0)] * 5
    chosen = method("uncertainty", lr=0.1)
    state = chosen.init(LaneShapes((), 2))
    s = torch.zeros(2, dtype=F64, requires_grad=True)
    adam = torch.optim.Adam([s], lr=0.1)
    for row in losses:
        _, state = chosen.step(state, Signals(losses=row))
        adam.zero_grad()
        (0.5 * (row * torch.exp(-s) + s)).sum().backward()
        adam.step()
        torch.testing.assert_close(state["parameter"], s.detach(), rtol=1e-12, atol=1e-14)
