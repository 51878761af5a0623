"""The symmetric sweep against inverses and Schur complements in exact arithmetic, and naive sums."""

from __future__ import annotations

import itertools

import pytest
import torch

from paretomtl.aggregation.sweep import hit, inspect, multiply, sweep_, total
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps


def start(m, lanes=3, seed=0):
    """A well-conditioned matrix with one row appended, lanes behind, and nothing swept."""
    gramian = matrices.draw_gramian("random", m, m + 4, batch=(lanes,), seed=seed)
    row = matrices.normal(lanes, 1, m, generator=torch.Generator().manual_seed(seed + 1))
    tableau = torch.cat((gramian, row), -2).permute(1, 2, 0).contiguous()
    return tableau, torch.zeros(m, lanes, dtype=torch.bool)


def exchange(tableau, basic, index, active=None):
    lanes = tableau.shape[-1]
    active = torch.ones(1, lanes, dtype=torch.bool) if active is None else active
    pivot = inspect(tableau, torch.full((1, lanes), index), basic)
    return sweep_(tableau, pivot, basic, active)


def inverse(exact, matrix):
    columns = [
        exact.solve(exact.rational(matrix), exact.rational(one)) for one in torch.eye(len(matrix))
    ]
    return exact.rounded(columns).mT


@pytest.mark.parametrize("order", [(0,), (2, 0), (1, 3, 0), (3, 2, 1, 0)], ids=str)
def test_a_swept_tableau_holds_inverse_and_schur_complement(exact, order):
    before, basic = start(4)
    tableau = before.clone()
    for index in order:
        basic = exchange(tableau, basic, index)
    inside = sorted(order)
    outside = [i for i in range(4) if i not in order]
    for lane in range(3):
        M, row = before[:4, :, lane], before[4, :, lane]
        own = inverse(exact, M[inside][:, inside])
        found = tableau[..., lane]
        # every exchange rounds numbers of the size of the inverse times those of the matrix, squared
        limit = 16 * len(order) * EPS * float(own.norm() * M.norm() + 1) ** 2
        mixed = M[outside][:, inside] @ own
        pairs = [
            (found[inside][:, inside], -own),
            (found[outside][:, inside], mixed),
            (found[inside][:, outside], mixed.mT),
            (found[outside][:, outside], M[outside][:, outside] - mixed @ M[inside][:, outside]),
            (found[4, inside], row[inside] @ own),
            (found[4, outside], row[outside] - row[inside] @ mixed.mT),
        ]
        for one, other in pairs:
            assert torch.allclose(one, other, rtol=0, atol=limit)
    assert basic.all(-1).nonzero().squeeze(-1).tolist() == inside


def test_sweeping_twice_takes_the_index_out():
    before, basic = start(5)
    tableau = before.clone()
    for index in (1, 4, 4, 1):
        basic = exchange(tableau, basic, index)
    assert not basic.any()
    assert torch.allclose(tableau, before, rtol=1e-12, atol=1e-12)


def test_idle_lanes_change_in_no_bit():
    tableau, basic = start(4)
    before = tableau.clone()
    active = torch.tensor([[True, False, True]])
    basic = exchange(tableau, basic, 2, active)
    assert torch.equal(tableau[..., 1], before[..., 1])
    assert not torch.equal(tableau[..., 0], before[..., 0])
    assert basic[2].tolist() == [True, False, True]


def test_the_tableau_stays_symmetric_to_the_last_bit():
    tableau, basic = start(6, seed=3)
    for index in (5, 0, 3):
        basic = exchange(tableau, basic, index)
    own = tableau[:6, :, 0]
    assert torch.equal(own, own.mT)


def test_a_pivot_measures_its_independence():
    """Value: the squared distance from those swept. Reach: one plus how it is made of them."""
    rows = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [3.0, 1.0, 0.5]], dtype=torch.float64)
    tableau = matrices.products(rows, rows).unsqueeze(-1).contiguous()
    basic = torch.zeros(3, 1, dtype=torch.bool)
    for index in (0, 1):
        basic = exchange(tableau, basic, index)
    pivot = inspect(tableau, torch.tensor([[2]]), basic)
    assert float(pivot.value) == pytest.approx(0.25, abs=64 * EPS)
    assert float(pivot.reach) == pytest.approx(1 + 3 + 0.5, abs=16 * EPS)


@pytest.mark.parametrize("m", [1, 2, 3, 7, 8, 13])
def test_sums_equal_naive_ones_and_know_no_place(m):
    terms = matrices.normal(m, 11, generator=torch.Generator().manual_seed(m))
    found = total(terms)
    assert found.shape == (1, 11)
    for lane in range(11):
        naive = sum(terms[:, lane].tolist())
        assert float(found[0, lane]) == pytest.approx(
            naive, abs=m * EPS * float(terms[:, lane].abs().sum())
        )
        assert torch.equal(total(terms[:, lane : lane + 1]), found[:, lane : lane + 1])


def test_multiplication_equals_the_naive_loop():
    matrix = matrices.normal(3, 5, 4, generator=torch.Generator().manual_seed(0))
    vector = matrices.normal(5, 4, generator=torch.Generator().manual_seed(1))
    found = multiply(matrix, vector)
    for k, lane in itertools.product(range(3), range(4)):
        naive = sum((matrix[k, :, lane] * vector[:, lane]).tolist())
        assert float(found[k, lane]) == pytest.approx(naive, abs=40 * EPS)


def test_hits():
    found = hit(torch.tensor([[2, 0]]), 3)
    assert found.mT.tolist() == [[False, False, True], [True, False, False]]
