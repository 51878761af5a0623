"""`rlw` against closed forms, limits and independent implementations."""

from __future__ import annotations

import dataclasses

import torch

from paretomtl.methods.base import Signals, method

F64 = torch.float64


def test_rlw_draws():
    keys = torch.arange(40_000)
    chosen = method("rlw")
    seen = Signals(losses=torch.ones(40_000, 3, dtype=F64), keys=keys, steps=torch.zeros_like(keys))
    weights = chosen.weights({}, seen)
    torch.testing.assert_close(weights.sum(-1), torch.ones(40_000, dtype=F64))
    torch.testing.assert_close(
        weights.mean(0), torch.full((3,), 1 / 3, dtype=F64), rtol=0, atol=5e-3
    )
    later = chosen.weights({}, dataclasses.replace(seen, steps=torch.ones_like(keys)))
    assert not torch.equal(later, weights)
