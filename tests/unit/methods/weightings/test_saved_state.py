"""`saved_state` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def test_state_survives_a_save():
    """A run resumed from a copy of its state goes on as the uninterrupted one."""
    g = torch.Generator().manual_seed(0)
    Js = torch.randn(6, 4, 3, 5, dtype=torch.float64, generator=g)
    losses = torch.rand(6, 4, 3, dtype=torch.float64, generator=g) + 0.1
    for name in ("gradvac", "cr_mogm", "modo", "sdmgrad", "pcd", "gradnorm", "imtl", "pmtl"):
        chosen = method(name)

        def walk(state, steps, chosen=chosen):
            for k in steps:
                J = Js[k]
                w, state = chosen.step(
                    state,
                    Signals(
                        gramian=J @ J.mT,
                        cross_gramian=J @ J.mT,
                        losses=losses[k],
                        keys=torch.arange(4),
                        steps=torch.full((4,), k),
                    ),
                )
            return w, state

        whole, _ = walk(chosen.init(LaneShapes((4,), 3)), range(6))
        _, state = walk(chosen.init(LaneShapes((4,), 3)), range(3))
        kept = {key: value.clone() for key, value in state.items()}
        walk(state, range(3, 6))
        resumed, _ = walk(kept, range(3, 6))
        assert torch.equal(whole, resumed), name
