"""`epsilon_constraint` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.methods.base import Signals, method


@pytest.mark.parametrize("damping", [0.0, 1.0])
@pytest.mark.parametrize(
    ("ceiling", "theta", "multiplier"), [(4.0, 0.4142136, 0.2728), (7.0, 0.8, 0.0)]
)
def test_ceilings_on_the_planar_pair(
    ceiling, theta, multiplier, damping, descend, planar_pair, vector
):
    chosen = method(
        "epsilon_constraint", ceilings=(math.inf, ceiling), dual_lr=0.1, damping=damping
    )
    end, state = descend(
        planar_pair, vector(0.0, 0.3), chosen, steps=1500, lr=0.05, preference=vector(0.9, 0.1)
    )
    torch.testing.assert_close(end, vector(theta, theta), atol=1e-6, rtol=0)
    report = chosen.report(state, Signals(losses=planar_pair(end)))
    assert report["multipliers"][1].item() == pytest.approx(multiplier, abs=5e-5)
    assert report["slack"][1].item() == pytest.approx(ceiling - planar_pair(end)[1].item())
    assert not report["infeasible"].any()


def test_an_infeasible_ceiling_grows_its_multiplier_and_is_reported(descend, planar_pair, vector):
    chosen = method("epsilon_constraint", ceilings=(0.1, 0.1), dual_lr=0.1, patience=200)
    end, state = descend(planar_pair, vector(0.0, 0.1), chosen, steps=400, lr=0.005)
    half, _ = descend(planar_pair, vector(0.0, 0.1), chosen, steps=200, lr=0.005)
    report = chosen.report(state, Signals(losses=planar_pair(end)))
    assert report["infeasible"].all()
    assert (report["multipliers"] > 50).all()
    assert (report["slack"] < 0).all()
    assert half.isfinite().all()
