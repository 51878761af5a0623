"""The shortest vector under linear inequalities: KKT conditions and infeasibility."""

from __future__ import annotations

import pytest
import torch

from paretomtl.aggregation.least_distance import shortest_satisfying
from paretomtl.aggregation.min_norm import min_norm_weights

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize(("m", "n"), [(1, 3), (2, 5), (4, 3), (4, 9), (8, 20)])
def test_kkt_conditions(m, n):
    g = torch.Generator().manual_seed(m)
    J = torch.randn(60, m, n, dtype=torch.float64, generator=g)
    h = torch.randn(60, m, dtype=torch.float64, generator=g)
    G = J @ J.mT
    multipliers, exists = shortest_satisfying(G, h, precision=EPS)
    assert (multipliers >= 0).all()
    slack = (G @ multipliers.unsqueeze(-1)).squeeze(-1) - h
    ok = exists.squeeze(-1)
    size = 1 + multipliers.amax(-1, keepdim=True)
    assert (slack[ok] > -1e-10 * size[ok]).all()
    assert ((slack * multipliers)[ok].abs() < 1e-9 * size[ok] ** 2).all()
    if n >= m:
        assert ok.all()


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


def test_min_norm_among_some_equals_min_norm_of_those():
    g = torch.Generator().manual_seed(0)
    J = torch.randn(30, 6, 8, dtype=torch.float64, generator=g)
    J[0, 4] = 0
    G = J @ J.mT
    among = torch.tensor([True, False, True, True, False, True])
    w = min_norm_weights(G, precision=EPS, among=among)
    some = min_norm_weights(G[:, among][:, :, among], precision=EPS)
    assert torch.allclose(w[:, among], some)
    assert (w[:, ~among] == 0).all()
    assert (min_norm_weights(G, precision=EPS, among=torch.zeros(6, dtype=torch.bool)) == 0).all()
