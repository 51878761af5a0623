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

EPS = torch.finfo(torch.float64).eps
LANES = 6

KINDS = (
    "random",
    "low_rank",
    "scaled",
    "imbalanced",
    "duplicate",
    "near_duplicate",
    "zero_row",
    "all_zero",
    "opposite",
    "stationary",
    "conflicting",
    "aligned",
    "integer",
)


def draw(kind: str, m: int, rank: int, exponent: float, seed: int) -> torch.Tensor:
    """Draw Jacobians [LANES, m, n] of one kind, scaled by a power of ten."""
    g = torch.Generator().manual_seed(seed)
    n = rank if kind == "low_rank" else m + 3

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=g)

    J = normal(LANES, m, n)
    if kind == "imbalanced":
        J = J * 10 ** (-6 * torch.rand(LANES, m, 1, dtype=torch.float64, generator=g))
    elif kind == "duplicate":
        J[:, -1] = J[:, 0]
    elif kind == "near_duplicate":
        J[:, -1] = J[:, 0] + 1e-4 * J[:, -1]
    elif kind == "zero_row":
        J[:, 0] = 0
    elif kind == "all_zero":
        J = J * 0
    elif kind == "opposite":
        J[:, -1] = -2 * J[:, 0]
    elif kind == "stationary":
        mix = torch.rand(LANES, m - 1, 1, dtype=torch.float64, generator=g)
        J[:, -1] = -(mix * J[:, :-1]).sum(1)
    elif kind == "conflicting":
        J = J - 1.2 * J.mean(1, keepdim=True)
    elif kind == "aligned":
        J = 0.1 * J + J[:, :1]
    elif kind == "integer":
        J = J.round()
    return J * 10**exponent


jacobians = st.builds(
    draw,
    kind=st.sampled_from(KINDS),
    m=st.integers(1, 12) | st.sampled_from([16, 24, 32]),
    rank=st.integers(1, 8),
    exponent=st.floats(-8, 8) | st.just(0.0),
    seed=st.integers(0, 2**31),
)


def weights(name: str, G: torch.Tensor, **options) -> torch.Tensor:
    w, _ = method(name, **options).step({}, Signals(gramian=G))
    assert w.isfinite().all()
    return w


def times(G: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return (G @ w.unsqueeze(-1)).squeeze(-1)


def lengths(G: torch.Tensor) -> torch.Tensor:
    return G.diagonal(dim1=-2, dim2=-1).sqrt()


def over(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.where(y > 0, x / y, 0.0)


@settings(max_examples=120)
@given(jacobians)
def test_min_norm_has_no_duality_gap(J):
    G = J @ J.mT
    w, d = weights("mgda", G), lengths(G)
    assert (w >= 0).all()
    assert torch.allclose(w.sum(-1), torch.ones(LANES, dtype=w.dtype), rtol=0, atol=1e-14)
    z = times(G, w)
    gap = (w * z).sum(-1, keepdim=True) - z
    scale = d * d.amin(-1, keepdim=True)
    assert over(gap, scale).max() < 1e-11
    # complementary slackness, and for a zero row a zero direction
    assert over(w * gap, d.amin(-1, keepdim=True).square()).abs().max() < 1e-11
    with_zero = (d == 0).any(-1)
    assert ((w * z).sum(-1)[with_zero] == 0).all()


def cone_conditions(G, u, w):
    """Primal and dual feasibility and slackness of a dual-cone projection, relative to the rows.

    Rounding of G moves the conditions by eps times the size of the combination, squared for slackness.
    """
    d = lengths(G)
    size = (d * u).amax(-1, keepdim=True)
    unit = over(times(G, w), d * size)
    added = over((w - u) * d, size.expand_as(d))
    allowed = 1e-11 + 40 * EPS * (1 + added.sum(-1, keepdim=True)) ** 2
    assert (w >= u).all()
    assert (-unit <= allowed).all(), (-unit / allowed).max()
    assert ((unit * added).abs() <= allowed * (1 + added)).all()


@settings(max_examples=120)
@given(jacobians)
def test_dual_cone_projections_satisfy_their_kkt_conditions(J):
    G = J @ J.mT
    m = G.shape[-1]
    u = torch.full((m,), 1 / m, dtype=G.dtype)
    cone_conditions(G, u, weights("dual_proj", G))
    # UPGrad is the mean of the projections of the rows: isolate each by its preference
    for k in range(min(m, 3)):
        p = torch.zeros(LANES, m, dtype=G.dtype)
        p[:, k] = 1
        w, _ = method("upgrad").step({}, Signals(gramian=G, preference=p))
        cone_conditions(G, p, w)


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
    noise = 1e-9 + 40 * EPS * (1 + size) ** 2
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
    w, d = weights("fairgrad", G, alpha=alpha), lengths(G)
    present = d > 0
    assert (w[~present] == 0).all()
    z = times(G, w)
    residual = (z * w ** (1 / alpha) - 1).abs()
    # what evaluating G w loses, relative to it
    rounding = over(times(G.abs(), w), z.abs()) * EPS
    root = ((residual <= 1e-10 + 64 * rounding) | ~present).all(-1)
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
    g = torch.Generator().manual_seed(m)
    for n in (m + 20, m // 2):
        J = torch.randn(3, m, n, dtype=torch.float64, generator=g)
        G = J @ J.mT
        d, w = lengths(G), weights("mgda", G)
        z = times(G, w)
        gap = (w * z).sum(-1, keepdim=True) - z
        assert (gap / (d * d.amin(-1, keepdim=True))).max() < 1e-11
        u = torch.full((m,), 1 / m, dtype=G.dtype)
        cone_conditions(G, u, weights("dual_proj", G))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["mgda", "upgrad", "dual_proj", "cagrad", "fairgrad", "nash_mtl"])
def test_scale_equivariance(name, dtype):
    """The direction of a scaled Jacobian is the scaled direction, or one power of the scale.

    Over scales of 1e-8 to 1e8, in powers of two so that the inputs themselves are exact.
    """
    g = torch.Generator().manual_seed(3)
    J = torch.randn(20, 4, 7, dtype=dtype, generator=g)
    G = J @ J.mT
    degree = {"fairgrad": -1, "nash_mtl": -1}.get(name, 0)
    options = {"max_norm": 0.0} if name == "nash_mtl" else {}
    base = weights(name, G, **options).double()
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    for power in (-26, -13, 13, 26):
        scale = 2.0**power
        w = weights(name, G * scale**2, **options).double() * scale ** (-degree)
        assert torch.allclose(w, base, rtol=tolerance, atol=tolerance * float(base.abs().max()))
