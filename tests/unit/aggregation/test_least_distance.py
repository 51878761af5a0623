"""The shortest vector under linear inequalities: KKT conditions and infeasibility."""

from __future__ import annotations

import pytest
import torch

from paretomtl.aggregation.least_distance import shortest_satisfying
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize("m", [2, 4, 8])
@pytest.mark.parametrize(
    "kind", ["random", "conflicting", "aligned", "half rank", "duplicate rows", "stationary"]
)
def test_kkt_conditions(kind, m):
    G = matrices.draw_gramian(kind, m, m + 3, batch=(40,), seed=m)
    h = matrices.normal(40, m, generator=torch.Generator().manual_seed(m))
    multipliers, exists = shortest_satisfying(G, h, precision=EPS)
    ok = exists.squeeze(-1)
    assert (multipliers >= 0).all()
    # in unit lengths: `C l >= h`, complementary, which makes l the minimum over the orthant of a program
    d = conditions.lengths(G)
    size = (h / d).abs().amax(-1, keepdim=True)
    cosines = G / d.unsqueeze(-1) / d.unsqueeze(-2)
    found = conditions.nonnegative(cosines, h / d / size, multipliers * d / size, precision=EPS)
    assert (found[ok] <= 1).all()
    if kind in ("random", "conflicting", "aligned"):
        assert ok.all()
    if kind == "stationary":
        assert not ok.all()


@pytest.mark.parametrize("m", [1, 2, 3])
def test_equals_the_exact_solution(exact, m):
    G = matrices.draw_gramian("conflicting", m, m + 3, batch=(8,), seed=m)
    h = matrices.normal(8, m, generator=torch.Generator().manual_seed(m))
    multipliers, exists = shortest_satisfying(G, h, precision=EPS)
    assert exists.all()
    for k in range(8):
        wanted = exact.rounded(exact.nonnegative(G[k], h[k]))
        limit = 64 * m * EPS * float(torch.linalg.cond(G[k])) * (1 + float(wanted.abs().max()))
        assert torch.allclose(multipliers[k], wanted, rtol=0, atol=limit)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    h = torch.linspace(-1, 1, m).double()
    law_of_lanes(
        lambda g, precision: torch.cat(
            shortest_satisfying(g, h.expand(g.shape[:-1]), precision=precision), -1
        ),
        m,
    )


def test_contradicting_inequalities_are_found():
    J = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]], dtype=torch.float64)
    h = torch.tensor([[1.0, 1.0], [0.5, 0.1]], dtype=torch.float64)
    multipliers, exists = shortest_satisfying(J @ J.mT, h, precision=EPS)
    assert not exists.any()
    assert (multipliers == 0).all()


def test_satisfied_by_zero():
    G = torch.eye(3, dtype=torch.float64)
    multipliers, exists = shortest_satisfying(G, -torch.ones(3, dtype=torch.float64), precision=EPS)
    assert exists.all()
    assert (multipliers == 0).all()
