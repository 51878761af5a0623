"""`uncertainty` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize(("kind", "share"), [("regression", 1.0), ("classification", 2.0)])
def test_uncertainty_settles_at_its_optimum(optimizer, kind, share, vector):
    losses, d = vector(0.3, 5.0, 40.0), (1.0, 2.0, 3.0)
    chosen = method("uncertainty", kind=kind, dimension=d, optimizer=optimizer, lr=0.05)
    state = chosen.init(LaneShapes((), 3))
    for _ in range(3000):
        weights, state = chosen.step(state, Signals(losses=losses))
    variance = share * losses / vector(*d)
    torch.testing.assert_close(state["parameter"].exp(), variance, rtol=1e-6, atol=0)
    torch.testing.assert_close(weights, vector(*d) / (2 * losses), rtol=1e-6, atol=0)
    profiled = chosen.value(state, Signals(losses=losses)).item()
    constant = sum(0.5 * di * (1 + math.log(share / di)) for di in d)
    expected = float((0.5 * vector(*d) * losses.log()).sum()) + constant
    assert profiled == pytest.approx(expected, rel=1e-9)


def test_uncertainty_is_convex_in_the_log_variance():
    chosen = method("uncertainty")
    s = torch.linspace(-8, 8, 401, dtype=F64)
    losses = torch.full((401, 1), 0.37, dtype=F64)
    values = chosen.value({"parameter": s.unsqueeze(-1)}, Signals(losses=losses))
    assert (values.diff(n=2) > 0).all()


def test_kinds_may_differ_between_tasks(vector):
    chosen = method("uncertainty", kind=("regression", "classification"))
    assert chosen.weights(
        chosen.init(LaneShapes((), 2)), Signals(losses=vector(1.0, 1.0))
    ).tolist() == [
        0.5,
        1.0,
    ]


def test_imtl_l_is_twice_uncertainty_and_settles_at_minus_log(vector):
    losses = vector(0.3, 5.0)
    u = method("uncertainty", initial_log_variance=0.4)
    balance = method("imtl_l", initial_log_scale=-0.4)
    seen = Signals(losses=losses)
    torch.testing.assert_close(
        balance.value(balance.init(LaneShapes((), 2)), seen),
        2 * u.value(u.init(LaneShapes((), 2)), seen),
    )
    balance = method("imtl_l", optimizer="sgd", lr=0.2)
    state = balance.init(LaneShapes((), 2))
    for _ in range(2000):
        _, state = balance.step(state, seen)
    torch.testing.assert_close(state["parameter"], -losses.log())
