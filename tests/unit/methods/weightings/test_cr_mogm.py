"""`cr_mogm` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def test_cr_mogm_keeps_its_average_over_a_bad_loss():
    chosen = method("cr_mogm", weighting="gradnorm")
    state = chosen.init(LaneShapes((), 2))
    gramian = torch.diag(torch.tensor([1.0, 9.0])).double()
    averages = []
    for losses in ([1.0, 2.0], [1.0, 1.0], [math.nan, 1.0], [1.0, 1.0]):
        _, state = chosen.step(
            state, Signals(losses=torch.tensor(losses).double(), gramian=gramian)
        )
        averages.append(state["average"])
    assert torch.equal(averages[1], averages[2])
    assert (averages[3] - averages[2]).abs().max() < 0.02
