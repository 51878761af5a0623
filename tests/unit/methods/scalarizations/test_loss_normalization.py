"""`loss_normalization` against closed forms, limits and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


@pytest.mark.parametrize("name", ["init_norm", "live_norm", "log_sum"])
def test_rescaling_a_loss_leaves_the_trajectory(name, descend, planar_pair, vector):
    start = vector(0.3, -0.7)
    plain, _ = descend(planar_pair, start, method(name), steps=50, lr=0.02)
    scaled, _ = descend(
        planar_pair, start, method(name), steps=50, lr=0.02, scale=vector(1e6, 1e-3)
    )
    torch.testing.assert_close(plain, scaled, rtol=1e-9, atol=1e-12)


def test_init_norm_starts_at_one_a_task(vector):
    losses = vector(0.4, 25.0, 3.0)
    chosen = method("init_norm")
    seen = Signals(losses=losses)
    weights = chosen.weights(chosen.init(LaneShapes((), 3)), seen)
    torch.testing.assert_close(weights * losses, torch.ones(3, dtype=F64))


def test_init_norm_averages_the_first_batches_and_then_stops():
    chosen = method("init_norm", batches=3)
    rows = torch.rand(6, 2, generator=torch.Generator().manual_seed(0), dtype=F64) + 0.1
    state = chosen.init(LaneShapes((), 2))
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=row))
        torch.testing.assert_close(weights, 1 / rows[: min(k + 1, 3)].mean(0))


def test_init_norm_reports_a_first_loss_that_is_not_positive():
    chosen = method("init_norm")
    losses = torch.tensor([[0.0, 1.0], [-1.0, 1.0], [2.0, 1.0]], dtype=F64)
    weights, state = chosen.step(chosen.init(LaneShapes((3,), 2)), Signals(losses=losses))
    assert weights[:2, 0].isnan().all()
    assert weights[2].isfinite().all()
    later, _ = chosen.step(state, Signals(losses=torch.zeros(3, 2, dtype=F64)))
    assert later[2].tolist() == [0.5, 1.0]  # only L(0) is divided by


def test_theoretical_constants_do_not_follow_the_scale(vector):
    known = method("init_norm", initial=(2.0, 4.0))
    assert known.weights({}, Signals(losses=vector(1.0, 1.0))).tolist() == [0.5, 0.25]
    prior = method("prior_norm", prior=(2.0, 4.0))
    assert prior.weights({}, Signals(losses=vector(-9.0, 0.0))).tolist() == [0.5, 0.25]


def test_live_norm_warns_of_a_vanishing_loss_and_refuses_a_zero_one():
    losses = torch.tensor([[1.0, 1.0], [1.0, 1e-12]], dtype=F64)
    with pytest.warns(UserWarning, match=r"vanishes: 1e-12 for task 2 in lane \[1\]") as caught:
        pm.weights("live_norm", losses=losses)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="vanishes"):
        pm.scalarize("live_norm", losses)
    # bounded, or no more than small: nothing to say, and warnings are errors here
    pm.weights("live_norm", losses=losses, eps=1e-3)
    pm.weights("live_norm", losses=torch.tensor([1.0, 1e-7], dtype=F64))
    with pytest.raises(BadInput, match="live_norm needs losses > 0; found 0 for task 2"):
        pm.weights("live_norm", losses=torch.tensor([1.0, 0.0]))


def test_live_norm_is_worth_m_and_moves_like_log_sum():
    losses = torch.rand(5, 4, generator=torch.Generator().manual_seed(1), dtype=F64) + 0.01
    assert torch.equal(
        pm.scalarize("live_norm", losses).round(decimals=12), torch.full((5,), 4.0, dtype=F64)
    )
    torch.testing.assert_close(
        pm.weights("live_norm", losses=losses), pm.weights("log_sum", losses=losses)
    )
    geometric = pm.weights("geometric_mean", losses=losses)
    direction = geometric / geometric.norm(dim=-1, keepdim=True)
    expected = 1 / losses
    torch.testing.assert_close(direction, expected / expected.norm(dim=-1, keepdim=True))


def test_reciprocal_of_minibatch_losses_is_biased_and_the_running_mean_less(vector):
    """Two batches with (loss, gradient) = (1, 1) and (9, 1): 0.556 instead of 0.2."""
    batches = [vector(1.0), vector(9.0)]
    live = method("live_norm")
    mean = sum(live.weights({}, Signals(losses=b)).item() for b in batches) / 2
    assert mean == pytest.approx(5 / 9)
    smooth = method("live_norm", decay=0.99)
    state, seen = smooth.init(LaneShapes((), 1)), []
    for k in range(4000):
        weights, state = smooth.step(state, Signals(losses=batches[k % 2]))
        seen.append(weights.item())
    assert np.mean(seen[-200:]) == pytest.approx(1 / 5, rel=2e-2)


def test_live_norm_eps_bounds_a_vanishing_loss(vector):
    assert pm.weights("live_norm", losses=vector(1e-30, 1.0), eps=0.01)[0].item() == pytest.approx(
        100
    )
