"""`gradnorm` against closed forms, limits and independent implementations."""

from __future__ import annotations

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def test_gradnorm_equalizes_weighted_lengths():
    """alpha = 0 and fixed gradients: w_i |g_i| become equal, and the weights keep their sum."""
    chosen = method("gradnorm", alpha=0.0, lr=0.02)
    lengths = torch.tensor([[1.0, 2.0, 8.0]], dtype=torch.float64)
    signals = Signals(losses=torch.ones(1, 3), gramian=torch.diag_embed(lengths.square()))
    state = chosen.init(LaneShapes((1,), 3))
    for _ in range(1500):
        w, state = chosen.step(state, signals)
    assert float(w.sum()) == pytest.approx(3.0)
    weighted = w * lengths
    assert float(weighted.max() / weighted.min()) < 1.15


def test_gradnorm_favors_slow_tasks():
    chosen = method("gradnorm", alpha=1.0, lr=0.02)
    gramian = torch.eye(2, dtype=torch.float64)[None]
    state = chosen.init(LaneShapes((1,), 2))
    first = Signals(losses=torch.ones(1, 2), gramian=gramian)
    later = Signals(losses=torch.tensor([[1.0, 0.2]]), gramian=gramian)
    w, state = chosen.step(state, first)
    assert torch.equal(w, torch.ones_like(w))
    for _ in range(100):
        w, state = chosen.step(state, later)
    assert w[0, 0] > w[0, 1]
