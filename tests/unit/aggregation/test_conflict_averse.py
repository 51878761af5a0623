"""CAGrad's direction: no duality gap, closed forms, and what happens at a stationary point."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.optimize import minimize_scalar

from paretomtl.aggregation.conflict_averse import conflict_averse_weights
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps


def radius(c):
    return torch.tensor([c], dtype=torch.float64)


def measures(rows, w, c):
    """The worst gain, how far from the mean gradient, and the bound that any weights give, a lane each."""
    mean = rows.mean(-2)
    d = (w.unsqueeze(-1) * rows).sum(-2)
    worst = (rows * d.unsqueeze(-2)).sum(-1).amin(-1)
    ball = c * mean.norm(dim=-1)
    added = (w - 1 / rows.shape[-2]).clamp(min=0)
    total = added.sum(-1, keepdim=True)
    mix = torch.where(total > 0, added / total, 1 / rows.shape[-2])
    hull = (mix.unsqueeze(-1) * rows).sum(-2)
    bound = (hull * mean).sum(-1) + ball * hull.norm(dim=-1)
    return worst, (d - mean).norm(dim=-1), ball, bound


@pytest.mark.parametrize("m", [2, 3, 5, 8, 16])
@pytest.mark.parametrize("c", [0.1, 0.5, 1.0, 3.0])
@pytest.mark.parametrize(
    "kind", ["random", "conflicting", "aligned", "duplicate rows", "huge gradients"]
)
def test_no_duality_gap(kind, c, m):
    """Weak duality: `g_w . g_0 + c |g_0| |g_w|` bounds the worst gain, whatever w on the simplex."""
    rows = matrices.draw_jacobian(kind, m, m + 3, batch=(8,), seed=m)
    w = conflict_averse_weights(matrices.products(rows, rows), radius(c), precision=EPS)
    worst, moved, ball, bound = measures(rows, w, c)
    longest = rows.norm(dim=-1).amax(-1)
    # the size of the combination in units of the longest row; rounding of the Gramian times it, squared
    size = (w * rows.norm(dim=-1)).sum(-1) / longest
    permitted = 64 * m * EPS * (1 + size).square() * longest
    assert (w >= 1 / m * (1 - 4 * EPS)).all()
    assert ((moved - ball).abs() <= permitted * (1 + longest / ball)).all()
    assert (bound - worst <= permitted * longest).all()


@pytest.mark.parametrize("degrees", [20, 80, 110, 160])
@pytest.mark.parametrize("lengths", [(1.0, 1.0), (1.0, 4.0), (1e-3, 1.0)], ids=str)
def test_two_tasks_attain_the_dual_minimum(degrees, lengths):
    rows = matrices.at_angle(degrees, lengths)
    w = conflict_averse_weights(matrices.products(rows, rows), radius(0.5), precision=EPS)
    mean = rows.mean(0)

    def dual(x):
        hull = x * rows[0] + (1 - x) * rows[1]
        return float(hull @ mean + 0.5 * mean.norm() * hull.norm())

    best = min(
        minimize_scalar(dual, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).fun,
        dual(0),
        dual(1),
    )
    worst = float((rows @ (w @ rows)).min())
    assert worst == pytest.approx(best, abs=1e-12 * max(lengths) ** 2)


@pytest.mark.parametrize("m", [2, 3, 6])
@pytest.mark.parametrize("kind", ["random", "conflicting", "row imbalance to 1e-6"])
def test_no_radius_is_the_mean(kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(6,))
    w = conflict_averse_weights(gramian, radius(0.0), precision=EPS)
    assert torch.equal(w, torch.full_like(w, 1 / m))


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("kind", ["stationary", "opposite rows"])
@pytest.mark.parametrize("c", [0.5, 1.0, 3.0])
def test_no_task_is_harmed_at_a_stationary_point_that_the_ball_reaches(kind, c, m):
    """From c = 1 on the ball holds the projection on the dual cone; below, the ball is kept to."""
    rows = matrices.draw_jacobian(kind, m, m + 3, batch=(8,), seed=m)
    gramian = matrices.products(rows, rows)
    w = conflict_averse_weights(gramian, radius(c), precision=EPS)
    _, moved, ball, _ = measures(rows, w, c)
    size = (w * rows.norm(dim=-1)).sum(-1)
    noise = math.sqrt(64 * m * EPS) * size
    if c >= 1:
        gain = (rows @ (w.unsqueeze(-1) * rows).sum(-2).unsqueeze(-1)).squeeze(-1)
        assert (gain >= -noise.unsqueeze(-1) * rows.norm(dim=-1)).all()
    if m > 2:  # for two, the projection itself is the answer
        assert (moved <= ball + noise).all()


def test_all_zero():
    w = conflict_averse_weights(torch.zeros(2, 3, 3).double(), radius(0.5), precision=EPS)
    assert torch.equal(w, torch.full_like(w, 1 / 3))


@pytest.mark.parametrize("power", [-26, 26])
@pytest.mark.parametrize("m", [2, 4])
def test_scale_changes_nothing(m, power):
    gramian = matrices.draw_gramian("conflicting", m, 7, batch=(9,))
    plain = conflict_averse_weights(gramian, radius(0.5), precision=EPS)
    scaled = conflict_averse_weights(gramian * 4.0**power, radius(0.5), precision=EPS)
    assert torch.allclose(scaled, plain, rtol=1e-12, atol=0)


def test_radius_may_differ_between_lanes():
    gramian = matrices.draw_gramian("conflicting", 4, 6, batch=(3,))
    c = torch.tensor([[0.0], [0.5], [2.0]], dtype=torch.float64)
    together = conflict_averse_weights(gramian, c, precision=EPS)
    for k in range(3):
        assert torch.equal(conflict_averse_weights(gramian[k], c[k], precision=EPS), together[k])


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    law_of_lanes(
        lambda g, precision: conflict_averse_weights(g, radius(0.5), precision=precision), m
    )
