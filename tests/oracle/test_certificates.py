"""Optimality certificates of the solvers, on hostile Gramians drawn by Hypothesis.

Nothing here is compared with another solver: each answer must satisfy the conditions that define it, as
tightly as the rounding of the Gramian itself permits. Lengths are measured in the rows' own: a condition
on row i is relative to |g_i|.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paretomtl.methods.base import Signals, method
from paretomtl.testing import conditions, matrices
from paretomtl.testing.conditions import apply as times
from paretomtl.testing.conditions import lengths

EPS = torch.finfo(torch.float64).eps
ROOM = 32
"""Conditions hold to one unit of the stated rounding in all draws looked at; room for the draws to come."""
LANES = 6


def draw(kind: str, m: int, exponent: float, seed: int) -> torch.Tensor:
    """Draw Jacobians [LANES, m, n] of one kind, scaled by a power of ten."""
    return matrices.draw_jacobian(kind, m, m + 3, batch=(LANES,), seed=seed) * 10**exponent


jacobians = st.builds(
    draw,
    kind=st.sampled_from(list(matrices.KINDS)),
    m=st.integers(1, 12) | st.sampled_from([16, 24, 32]),
    exponent=st.floats(-8, 8) | st.just(0.0),
    seed=st.integers(0, 2**31),
)


def weights(name: str, G: torch.Tensor, **options) -> torch.Tensor:
    w, _ = method(name, **options).step({}, Signals(gramian=G))
    assert w.isfinite().all()
    return w


def over(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.where(y > 0, x / y, 0.0)


@settings(max_examples=120)
@given(jacobians)
def test_min_norm_has_no_duality_gap(J):
    G = J @ J.mT
    w = weights("mgda", G)
    assert (conditions.min_norm(G, w, precision=EPS) <= ROOM).all()
    # for a zero row a zero direction
    with_zero = (lengths(G) == 0).any(-1)
    assert ((w * times(G, w)).sum(-1)[with_zero] == 0).all()


@settings(max_examples=120)
@given(jacobians)
def test_dual_cone_projections_satisfy_their_kkt_conditions(J):
    G = J @ J.mT
    m = G.shape[-1]
    u = torch.full((m,), 1 / m, dtype=G.dtype)
    w = weights("dual_proj", G)
    assert (conditions.projected(G, u, w, precision=EPS) <= ROOM).all()
    # UPGrad is the mean of the projections of the rows: isolate each by its preference
    for k in range(min(m, 3)):
        p = torch.zeros(LANES, m, dtype=G.dtype)
        p[:, k] = 1
        w, _ = method("upgrad").step({}, Signals(gramian=G, preference=p))
        assert (conditions.projected(G, p, w, precision=EPS) <= ROOM).all()


@settings(max_examples=120)
@given(jacobians, st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0]))
def test_cagrad_has_no_duality_gap(J, c):
    G = J @ J.mT
    m = G.shape[-1]
    u = torch.full((m,), 1 / m, dtype=G.dtype)
    w, d = weights("cagrad", G, c=c), lengths(G)
    v, longest = w - u, d.amax(-1)
    # rounding of w against u shows in v where the rows are unequal
    assert (over(-v * d, longest.unsqueeze(-1).expand_as(d)) < 1e-13).all()
    radius = c * (u * times(G, u)).sum(-1).clamp(min=0).sqrt()
    moved = (v * times(G, v)).sum(-1).clamp(min=0).sqrt()
    size = over((v * d).sum(-1), longest)
    # gains are sums of m terms of this size, squared; at weakly stationary points the path of solutions is
    # known to be followed to 1e-9 only
    noise = 1e-9 + 64 * m * EPS * (1 + size) ** 2
    assert (over(moved - radius, longest) <= noise.sqrt()).all()
    gain = times(G, w)
    worst = gain.amin(-1)
    # weak duality: for any w on the simplex, g_w.g_0 + c |g_0| |g_w| bounds the best worst gain
    total = v.clamp(min=0).sum(-1, keepdim=True)
    vertex = torch.nn.functional.one_hot(gain.argmin(-1), m).to(G.dtype)
    mix = torch.where(total > 0, v.clamp(min=0) / total, vertex)
    bound = (mix * times(G, u)).sum(-1) + radius * (mix * times(G, mix)).sum(-1).clamp(min=0).sqrt()
    inside = moved < radius * (1 - 1e-6)
    assert (over(bound - worst, longest**2)[~inside] <= noise[~inside]).all()
    # short of the ball's surface only where no direction helps every task
    assert (over(worst, longest**2)[inside].abs() <= noise.sqrt()[inside]).all()


@settings(max_examples=120)
@given(jacobians, st.sampled_from([0.5, 1.0, 2.0]))
def test_fairgrad_is_a_root_or_the_point_is_stationary(J, alpha):
    G = J @ J.mT
    m = G.shape[-1]
    w, d = weights("fairgrad", G, alpha=alpha), lengths(G)
    present = d > 0
    assert (w[~present] == 0).all()
    z = times(G, w)
    residual = (z * w ** (1 / alpha) - 1).abs()
    # what evaluating G w loses, relative to it
    rounding = over(times(G.abs(), w), z.abs()) * EPS
    # Newton's method stops at 4 roundings of its equations, whose terms are these and m of order one; sixteen
    # times that, and the residual that its root is certified to, for the equations evaluated here, on G instead of the cosines
    root = ((residual <= 1e-10 + 64 * (m * EPS / alpha + rounding)) | ~present).all(-1)
    # elsewhere the direction is zero: a convex combination of unit gradients that nearly vanishes
    share = over(w * d, (w * d).sum(-1, keepdim=True))
    vanishing = over((w * z).sum(-1), (w * d).sum(-1).square()) < 1e-12 * G.shape[-1]
    assert (root | vanishing).all(), (residual, share)


@settings(max_examples=60)
@given(jacobians)
def test_nash_equals_fairgrad_of_alpha_one(J):
    G = J @ J.mT
    nash = weights("nash_mtl", G, max_norm=0.0)
    assert torch.equal(nash, weights("fairgrad", G, alpha=1.0))


@pytest.mark.parametrize("m", [48, 64])
def test_many_tasks(m):
    """The guarantees hold up to 64 tasks."""
    for kind in ("random", "half rank"):
        J = matrices.draw_jacobian(kind, m, m + 20, batch=(3,), seed=m)
        G = J @ J.mT
        assert (conditions.min_norm(G, weights("mgda", G), precision=EPS) <= ROOM).all()
        u = torch.full((m,), 1 / m, dtype=G.dtype)
        w = weights("dual_proj", G)
        assert (conditions.projected(G, u, w, precision=EPS) <= ROOM).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["mgda", "upgrad", "dual_proj", "cagrad", "fairgrad", "nash_mtl"])
def test_scale_equivariance(name, dtype):
    """The direction of a scaled Jacobian is the scaled direction, or one power of the scale.

    Over scales of 1e-8 to 1e8, in powers of two so that the inputs themselves are exact.
    """
    J = matrices.draw_jacobian("random", 4, 7, batch=(20,), seed=3).to(dtype)
    G = J @ J.mT
    degree = {"fairgrad": -1, "nash_mtl": -1}.get(name, 0)
    options = {"max_norm": 0.0} if name == "nash_mtl" else {}
    base = weights(name, G, **options).double()
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    for power in (-26, -13, 13, 26):
        scale = 2.0**power
        w = weights(name, G * scale**2, **options).double() * scale ** (-degree)
        assert torch.allclose(w, base, rtol=tolerance, atol=tolerance * float(base.abs().max()))
