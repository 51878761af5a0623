"""`imtl` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def test_imtl_scales_settle_at_inverse_losses():
    chosen = method("imtl", optimizer="sgd", lr=0.1)
    losses = torch.tensor([[0.5, 4.0]], dtype=torch.float64)
    state = chosen.init(LaneShapes((1,), 2))
    for _ in range(500):
        _, state = chosen.step(state, Signals(losses=losses, gramian=torch.eye(2)[None]))
    assert torch.allclose(state["parameter"].exp(), 1 / losses, rtol=1e-6)
