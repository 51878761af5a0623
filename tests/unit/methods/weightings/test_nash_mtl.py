"""`nash_mtl` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def test_nash_reuses_its_weights():
    g = torch.Generator().manual_seed(0)
    chosen = method("nash_mtl", update_every=3, max_norm=0.0)
    state = chosen.init(LaneShapes((2,), 3))
    seen = []
    for _ in range(4):
        J = torch.randn(2, 3, 7, dtype=torch.float64, generator=g)
        w, state = chosen.step(state, Signals(gramian=J @ J.mT))
        seen.append(w)
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    assert not torch.allclose(seen[0], seen[3])
