"""Clean batches: what is bad is replaced and marked, what is good keeps its bits."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.aggregation.lanes import (
    apply,
    clean,
    may_look,
    open_lanes,
    scale_diagonal,
    settled,
)
from paretomtl.aggregation.recording import recording
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_bad_lane_becomes_the_identity(bad, dtype):
    gramian = matrices.draw_gramian("random", 3, 5, batch=(4,)).to(dtype)
    gramian[2, 0, 1] = bad
    lanes = clean(gramian)
    assert lanes.matrix.dtype == torch.float64
    assert lanes.precision == torch.finfo(dtype).eps
    assert lanes.finite.tolist() == [True, True, False, True]
    assert torch.equal(lanes.matrix[2], torch.eye(3, dtype=torch.float64))
    assert torch.equal(lanes.matrix[[0, 1, 3]], gramian[[0, 1, 3]].double())
    answer = lanes.restore(torch.ones(4, 3, dtype=torch.float64))
    assert answer.dtype == dtype
    assert answer[2].isnan().all()
    assert (answer[[0, 1, 3]] == 1).all()


def test_good_lanes_need_no_mask():
    gramian = matrices.draw_gramian("random", 3, 5, batch=(4,))
    lanes = clean(gramian)
    assert lanes.good is None
    assert lanes.finite.all()
    answer = torch.ones(4, 3, dtype=torch.float64)
    assert lanes.restore(answer) is answer
    assert lanes.only(torch.tensor([True, False, True, True])).restore(answer)[1].isnan().all()


def test_finite_numbers_whose_sum_overflows_are_good():
    gramian = torch.full((2, 2, 2), 1e308, dtype=torch.float64)
    lanes = clean(gramian)
    assert lanes.finite.all()
    assert torch.equal(lanes.matrix, gramian)


def test_recorded_and_eager_agree():
    gramian = matrices.draw_gramian("random", 3, 5, batch=(4,))
    with recording():
        recorded = clean(gramian)
    assert recorded.good is not None
    assert recorded.good.all()
    assert torch.equal(recorded.matrix, clean(gramian).matrix)


@pytest.mark.parametrize("kind", matrices.KINDS)
def test_lengths_and_cosines_rebuild_the_gramian(kind):
    rows = matrices.draw_jacobian(kind, 4, 6, batch=(5,))
    gramian = matrices.products(rows, rows)
    scaled = scale_diagonal(gramian)
    d = scaled.lengths
    rebuilt = scaled.cosines * d.unsqueeze(-1) * d.unsqueeze(-2)
    # a root, a reciprocal and four products, each rounded to half of eps
    assert torch.allclose(rebuilt, gramian, rtol=4 * EPS, atol=0)
    assert torch.equal(scaled.present, (rows != 0).any(-1))
    diagonal = scaled.cosines.diagonal(dim1=-2, dim2=-1)
    assert torch.allclose(diagonal, scaled.present.double(), rtol=0, atol=4 * EPS)
    assert (scaled.inverse[~scaled.present] == 0).all()


def test_multiplication_equals_the_naive_loop():
    matrix = matrices.normal(3, 4, 5, generator=torch.Generator().manual_seed(0))
    vector = matrices.normal(3, 5, generator=torch.Generator().manual_seed(1))
    found = apply(matrix, vector)
    for lane in range(3):
        for k in range(4):
            naive = math.fsum((matrix[lane, k] * vector[lane]).tolist())
            assert float(found[lane, k]) == pytest.approx(naive, abs=16 * EPS)
        assert torch.equal(apply(matrix[lane], vector[lane]), found[lane])


def test_rounds_stop_early_only_where_looking_is_free():
    done = torch.tensor([True, True])
    assert may_look(done)
    assert settled(done)
    assert not settled(torch.tensor([True, False]))
    with recording():
        assert not may_look(done)
        assert not settled(done)
        assert open_lanes(done) is None


def test_open_lanes_are_those_not_done():
    found = open_lanes(torch.tensor([True, False, True, False]))
    assert found is not None
    assert found.tolist() == [1, 3]
