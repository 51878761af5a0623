"""The root of `G w = s w^(-1/alpha)`: its equations, closed forms, and Pareto-stationary points."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.aggregation import power_root as module
from paretomtl.aggregation.power_root import power_root
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps
ROOTED = (
    "random",
    "conflicting",
    "aligned",
    "duplicate rows",
    "row imbalance to 1e-6",
    "zero row",
    "huge gradients",
    "tiny gradients",
)


def misfit(gramian, w, alpha, shares=1.0):
    """`log` of the two sides' ratio, in units of what evaluating them loses."""
    z = conditions.apply(gramian, w)
    rounding = EPS * conditions.apply(gramian.abs(), w) / z.abs()
    ratio = (z * w ** (1 / alpha) / shares - 1).abs() / (1 + 1 / alpha)
    return torch.where(w > 0, ratio / (rounding + EPS), 0.0).amax(-1)


@pytest.fixture(params=["bargain first", "general root"])
def path(request, monkeypatch):
    """Both ways to the root for alpha = 1: where `bargain` finds nothing, the general one answers."""
    if request.param == "general root":

        def nothing(cosines, shares, *, precision):
            return shares, torch.zeros_like(shares[..., :1], dtype=torch.bool)

        monkeypatch.setattr(module, "bargain", nothing)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("kind", ROOTED)
def test_nash_bargaining(kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(8,), seed=m)
    present = conditions.lengths(gramian) > 0
    w = power_root(gramian, 1.0, precision=EPS, rounds=30)
    assert torch.equal(w > 0, present)
    assert (misfit(gramian, w, 1.0) <= 64 * m).all()
    # shares: to the residual that certifies a lane, see `bargain`
    shares = torch.linspace(0.5, 1.5, m).double()
    w = power_root(gramian, 1.0, precision=EPS, rounds=30, shares=shares)
    z = conditions.apply(gramian, w)
    assert torch.equal(w > 0, present)
    assert torch.allclose((w * z)[present], shares.expand_as(w)[present], rtol=4e-9, atol=0)


@pytest.mark.parametrize("m", [1, 2, 3, 6])
@pytest.mark.parametrize("alpha", [1 / 3, 0.5, 2.0, 3.0], ids="alpha={:.2f}".format)
@pytest.mark.parametrize("kind", ["random", "conflicting", "row imbalance to 1e-6", "zero row"])
def test_fairness(kind, alpha, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(6,), seed=m)
    w = power_root(gramian, alpha, precision=EPS, rounds=64)
    assert torch.equal(w > 0, conditions.lengths(gramian) > 0)
    # the equations are solved for their logarithms, to what the step resolves next to the root
    assert (misfit(gramian, w, alpha) <= 64 * m).all()


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0], ids="alpha={}".format)
def test_orthogonal_gradients_have_a_closed_form(alpha):
    square = torch.tensor([1e-4, 1.0, 9.0, 1e6], dtype=torch.float64)
    w = power_root(torch.diag(square), alpha, precision=EPS, rounds=64)
    wanted = square ** (-alpha / (1 + alpha))
    assert torch.allclose(w, wanted, rtol=64 * EPS, atol=0)


@pytest.mark.parametrize("degrees", [0, 30, 90, 150, 179])
def test_two_gradients_have_a_closed_form(degrees):
    rows = matrices.at_angle(degrees, (2.0, 0.5))
    w = power_root(matrices.products(rows, rows), 1.0, precision=EPS, rounds=20)
    # `1 + cos` cancels towards 180 degrees
    spread = 1 + math.cos(math.radians(degrees))
    wanted = torch.tensor([0.5, 2.0], dtype=torch.float64) / math.sqrt(spread)
    assert torch.allclose(w, wanted, rtol=8 * EPS / spread, atol=0)


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("kind", ["stationary", "opposite rows"])
@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0], ids="alpha={}".format)
def test_at_a_stationary_point_the_direction_is_zero(kind, alpha, m):
    rows = matrices.draw_jacobian(kind, m, m + 3, batch=(8,), seed=m)
    w = power_root(matrices.products(rows, rows), alpha, precision=EPS, rounds=30)
    direction = (w.unsqueeze(-1) * rows).sum(-2).norm(dim=-1)
    size = (w * rows.norm(dim=-1)).sum(-1)
    # a squared length is known to m eps, a length to the root of that
    assert (direction <= math.sqrt(8 * m * EPS) * size).all()


def test_alpha_may_differ_between_lanes():
    gramian = matrices.draw_gramian("conflicting", 4, 6, batch=(3,))
    alphas = torch.tensor([[0.5], [1.0], [2.0]], dtype=torch.float64)
    together = power_root(gramian, alphas, precision=EPS, rounds=64)
    for k, alpha in enumerate(alphas):
        assert torch.equal(power_root(gramian[k], alpha, precision=EPS, rounds=64), together[k])


def test_no_share_no_weight():
    gramian = matrices.draw_gramian("conflicting", 4, 6, batch=(3,))
    shares = torch.tensor([1.0, 0.0, 1.0, 2.0], dtype=torch.float64)
    w = power_root(gramian, 1.0, precision=EPS, rounds=30, shares=shares)
    kept = shares > 0
    assert (w[:, ~kept] == 0).all()
    wanted = power_root(
        gramian[:, kept][:, :, kept], 1.0, precision=EPS, rounds=30, shares=shares[kept]
    )
    # the same equations with other padding, each to the residual that certifies a lane
    assert torch.allclose(w[:, kept], wanted, rtol=1e-8, atol=0)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("alpha", [1.0, 2.0], ids="alpha={}".format)
def test_lanes(law_of_lanes, alpha, m):
    law_of_lanes(lambda g, precision: power_root(g, alpha, precision=precision, rounds=30), m)
