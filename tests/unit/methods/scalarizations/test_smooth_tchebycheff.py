"""`smooth_tchebycheff` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import pytest
import torch

import paretomtl as pm
from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


def test_smooth_tchebycheff_tends_to_tchebycheff(vector):
    losses, p = (
        torch.rand(20, 3, generator=torch.Generator().manual_seed(3), dtype=F64),
        vector(0.2, 0.5, 0.3),
    )
    hard = pm.scalarize("tchebycheff", losses, p)
    for mu in (0.3, 0.03, 0.003, 1e-6):
        soft = pm.scalarize("smooth_tchebycheff", losses, p, mu=mu)
        assert (soft >= hard - 1e-15).all()
        assert (soft <= hard + mu * math.log(3) + 1e-15).all()
    torch.testing.assert_close(
        pm.weights("smooth_tchebycheff", losses=losses, preference=p, mu=1e-6),
        pm.weights("tchebycheff", losses=losses, preference=p),
    )


def test_smooth_tchebycheff_does_not_overflow():
    losses = torch.tensor([1e30, 1.0], dtype=torch.float32)
    assert pm.scalarize("smooth_tchebycheff", losses, mu=1e-8) == pytest.approx(5e29)
    assert pm.weights("smooth_tchebycheff", losses=losses, mu=1e-8).tolist() == [0.5, 0]


def test_log_ratio_form_warms_up_on_logs_and_measures_its_nadir():
    chosen = method("smooth_tchebycheff", form="log_ratio", mu=0.5, warmup=4, window=2)
    rows = torch.rand(7, 2, generator=torch.Generator().manual_seed(5), dtype=F64) + 0.2
    state = chosen.init(LaneShapes((), 2))
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=row))
        if k < 4:
            expected = 1 / row
        else:
            nadir = rows[2:4].mean(0)
            shares = torch.softmax((row / nadir).log() / 0.5, -1)
            expected = 2 * shares / row
        torch.testing.assert_close(weights, expected)


def test_term_is_smooth_tchebycheff_up_to_a_constant():
    losses = torch.rand(6, 3, generator=torch.Generator().manual_seed(2), dtype=F64)
    for t in (0.5, 3.0, 40.0):
        smooth = 3 * pm.scalarize("smooth_tchebycheff", losses, mu=1 / (3 * t))
        torch.testing.assert_close(pm.scalarize("term", losses, t=t), smooth - math.log(3) / t)
    torch.testing.assert_close(pm.scalarize("term", losses, t=0.0), losses.mean(-1))
    torch.testing.assert_close(
        pm.scalarize("term", losses, t=1e5), losses.amax(-1), rtol=0, atol=1e-4
    )
