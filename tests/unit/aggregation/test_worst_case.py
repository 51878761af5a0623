"""The path to the worst case: its conditions on every stop, in exact arithmetic and by SciPy."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.optimize import minimize

from paretomtl.aggregation.lanes import scale_diagonal
from paretomtl.aggregation.worst_case import Path, follow
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps
KINDS = (
    "random",
    "conflicting",
    "aligned",
    "half rank",
    "duplicate rows",
    "zero row",
    "row imbalance to 1e-6",
)


def problem(kind, m, batch=(10,), seed=0):
    """Cosines, a linear term and levels: the shortest length over each, as CAGrad has them."""
    scaled = scale_diagonal(matrices.draw_gramian(kind, m, m + 3, batch=batch, seed=seed))
    q = matrices.normal(*batch, m, generator=torch.Generator().manual_seed(seed)).tanh()
    shortest = torch.where(scaled.present, scaled.lengths, torch.inf).amin(-1, keepdim=True)
    return scaled.cosines, q, torch.where(scaled.present, shortest * scaled.inverse, 0.0)


def path(like, length=0.3, value=-math.inf, cap=math.inf):
    return Path(*(torch.full_like(like[..., :1], x) for x in (length, value, cap)))


def level_of(cosines, q, e, a):
    """Return t: the pull per unit of level where a is not zero; its least ratio where a is."""
    ratio = torch.where(e > 0, (conditions.apply(cosines, a) + q) / e, torch.inf)
    least = ratio.amin(-1, keepdim=True)
    support = torch.where(a > 0, a * e, 0.0)
    mean = (support * torch.where(e > 0, ratio, 0.0)).sum(-1, keepdim=True) / support.sum(
        -1, keepdim=True
    )
    return torch.where(support.sum(-1, keepdim=True) > 0, mean, least)


def violation(cosines, q, e, a, t):
    """Of `a >= 0`, `C a + q - t e >= 0`, complementary, in units of m rounded products of that size."""
    rest = conditions.apply(cosines, a) + q - t * e
    taken = (e > 0) | (a > 0)
    size = (1 + a.sum(-1, keepdim=True) + t.abs()).square()
    permitted = 16 * a.shape[-1] * EPS * size
    worst = torch.maximum(-rest, (rest * a).abs() / (1 + a)) / permitted
    assert (a >= 0).all()
    return torch.where(taken, worst, -torch.inf).amax(-1)


def squared_length(cosines, a):
    return (a * conditions.apply(cosines, a)).sum(-1)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_the_end_satisfies_the_conditions(kind, m):
    cosines, q, e = problem(kind, m, seed=m)
    end = follow(cosines, q, e, path(q), precision=EPS)
    a = end.point
    t = level_of(cosines, q, e, a)
    assert (violation(cosines, q, e, a, t) <= 1).all()
    reached = (squared_length(cosines, a) - 0.3).abs()
    # where no length can be reached the gradients are stationary, and cancel along the limit
    short = reached > 16 * m * EPS * (1 + a.sum(-1)).square()
    still = end.limit[short]
    size = 8 * m * EPS * (1 + still.sum(-1)).square()
    assert (squared_length(cosines[short], still) <= size).all()
    if kind in ("random", "aligned", "row imbalance to 1e-6"):
        assert not short.any()


@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_optimal_value_equals_scipys(m):
    """`min over the simplex of q^T w + c |J^T w|`, with unit rows: e = 1, and t its value."""
    cosines, q, _ = problem("conflicting", m, batch=(4,), seed=m)
    a = follow(cosines, q, torch.ones_like(q), path(q), precision=EPS).point
    t = level_of(cosines, q, torch.ones_like(q), a)
    for k in range(4):
        C, linear = cosines[k].numpy(), q[k].numpy()
        best = min(
            minimize(
                lambda w, C=C, linear=linear: linear @ w + math.sqrt(0.3 * max(w @ C @ w, 0)),
                start,
                bounds=[(0, 1)] * m,
                constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
                options={"ftol": 1e-14, "maxiter": 300},
            ).fun
            for start in (torch.full((m,), 1 / m).numpy(), torch.eye(m)[int(q[k].argmin())].numpy())
        )
        # what SLSQP reaches
        assert float(t[k]) == pytest.approx(best, abs=1e-6)


def test_orthogonal_gradients_by_hand():
    """`a = t - q` on the support, so t solves `sum (t - q_i)^2 = length`."""
    q = torch.tensor([0.0, 0.3, 5.0], dtype=torch.float64)
    a = follow(torch.eye(3).double(), q, torch.ones(3).double(), path(q, 0.25), precision=EPS).point
    # two tasks: 2 t^2 - 0.6 t + 0.09 - 0.25 = 0
    t = (0.6 + math.sqrt(0.36 + 8 * 0.16)) / 4
    wanted = torch.tensor([t, t - 0.3, 0.0], dtype=torch.float64)
    assert torch.allclose(a, wanted, rtol=0, atol=8 * EPS)


@pytest.mark.parametrize("kind", ["random", "conflicting", "row imbalance to 1e-6"])
def test_a_value_is_reached_as_well(kind):
    cosines, q, e = problem(kind, 5)
    free = follow(cosines, q, e, path(q), precision=EPS).point
    t = level_of(cosines, q, e, free)
    far = Path(torch.full_like(t, 0.3), t + 0.25, torch.full_like(t, torch.inf))
    a = follow(cosines, q, e, far, precision=EPS).point
    further = level_of(cosines, q, e, a)
    # a pull per unit of level: rounding of the pull over the least level on the support
    least = torch.where(a > 0, e, torch.inf).amin(-1, keepdim=True)
    assert (
        (further - t - 0.25).abs() <= 80 * EPS * (1 + a.sum(-1, keepdim=True) + t.abs()) / least
    ).all()
    assert (violation(cosines, q, e, a, further) <= 1).all()
    assert (squared_length(cosines, a) > 0.3).all()


@pytest.mark.parametrize("kind", ["random", "conflicting", "half rank"])
def test_a_cap_is_never_exceeded(kind):
    cosines, q, e = problem(kind, 5)
    a = follow(cosines, q, e, path(q, 1e3, cap=0.2), precision=EPS).point
    t = level_of(cosines, q, e, a)
    size = (1 + a.sum(-1, keepdim=True)).square()
    start = torch.where(e > 0, q / e, torch.inf).amin(-1, keepdim=True)
    assert (t <= start.clamp(min=0.2) + 80 * EPS * size).all()
    assert (violation(cosines, q, e, a, t) <= 1).all()


@pytest.mark.parametrize("m", [2, 3, 6])
@pytest.mark.parametrize("kind", ["stationary", "opposite rows"])
def test_the_limit_cancels_stationary_gradients(kind, m):
    rows = matrices.draw_jacobian(kind, m, m + 3, batch=(8,), seed=m)
    scaled = scale_diagonal(matrices.products(rows, rows))
    q = torch.zeros(8, m, dtype=torch.float64)
    limit = follow(scaled.cosines, q, torch.ones_like(q), path(q, 1e6), precision=EPS).limit
    unit = rows * scaled.inverse.unsqueeze(-1)
    direction = (limit.unsqueeze(-1) * unit).sum(-2).norm(dim=-1)
    assert (limit.sum(-1) > 0).all()
    # a squared length is known to m eps, a length to the root of that
    assert (direction <= math.sqrt(8 * m * EPS) * limit.sum(-1)).all()


def test_no_length_no_step():
    cosines, q, e = problem("conflicting", 4)
    assert (follow(cosines, q, e, path(q, 0.0), precision=EPS).point == 0).all()


def test_all_zero_gradients_go_nowhere():
    zero = torch.zeros(2, 3, dtype=torch.float64)
    end = follow(torch.zeros(2, 3, 3).double(), zero, zero, path(zero), precision=EPS)
    assert (end.point == 0).all()
    assert (end.limit == 0).all()


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    q = torch.linspace(-0.5, 0.5, m).double()

    def answer(gramian, precision):
        scaled = scale_diagonal(gramian)
        e = scaled.present.double()
        linear = q.expand(scaled.lengths.shape)
        end = follow(scaled.cosines, linear, e, path(linear), precision=precision)
        return torch.cat(end, -1)

    law_of_lanes(answer, m)
