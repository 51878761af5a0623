"""The level found face by face: certified lanes satisfy the conditions and end where the path does."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.aggregation.lanes import scale_diagonal
from paretomtl.aggregation.water_level import raise_level
from paretomtl.aggregation.worst_case import Path, follow
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps
LANES = 12


def problem(kind, m, seed=0):
    scaled = scale_diagonal(matrices.draw_gramian(kind, m, m + 3, batch=(LANES,), seed=seed))
    q = matrices.normal(LANES, m, generator=torch.Generator().manual_seed(seed)).tanh()
    shortest = torch.where(scaled.present, scaled.lengths, torch.inf).amin(-1, keepdim=True)
    e = torch.where(scaled.present, shortest * scaled.inverse, 0.0)
    return scaled.cosines, q, e, torch.full((LANES, 1), 0.4, dtype=torch.float64)


@pytest.mark.parametrize("m", [2, 3, 5, 8, 16])
@pytest.mark.parametrize(
    "kind", ["random", "conflicting", "aligned", "nearly duplicate rows", "row imbalance to 1e-6"]
)
def test_certified_lanes_satisfy_the_conditions(kind, m):
    cosines, q, e, length = problem(kind, m, seed=m)
    a, good = raise_level(cosines, q, e, length)
    good = torch.ones(LANES, dtype=torch.bool) if good is None else good
    assert good.float().mean() > 0.5
    a, cosines, q, e, length = a[good], cosines[good], q[good], e[good], length[good]
    image = conditions.apply(cosines, a)
    pull = image + q
    # a level for each task on the support, the same for all
    inside = a > 0
    t = ((pull * a).sum(-1) / (e * a).sum(-1)).unsqueeze(-1)
    # what certifies: equations to 1e-13, the others to 1e-15, evaluated here with m more roundings
    allowed = 1e-13 + 16 * m * EPS * (1 + a.sum(-1, keepdim=True) + t.abs())
    assert (a >= 0).all()
    assert ((pull - t * e).abs() <= allowed)[inside].all()
    assert (pull - t * e >= -allowed).all()
    missing = ((a * image).sum(-1, keepdim=True) - length).abs()
    assert (missing <= 1e-12 * length + 8 * m * EPS * a.sum(-1, keepdim=True).square()).all()


@pytest.mark.parametrize("m", [3, 6, 12])
def test_certified_lanes_end_where_the_path_does(m):
    cosines, q, e, length = problem("conflicting", m, seed=m)
    a, good = raise_level(cosines, q, e, length)
    good = torch.ones(LANES, dtype=torch.bool) if good is None else good
    never = torch.full_like(length, math.inf)
    end = follow(cosines, q, e, Path(length, -never, never), precision=EPS).point
    # the same conditions, to 1e-13 here, over the least eigenvalue
    least = torch.linalg.eigvalsh(cosines)[:, :1]
    assert ((a - end).abs() <= 1e-12 * (1 + end.sum(-1, keepdim=True)) / least)[good].all()


def test_orthogonal_gradients_by_hand():
    q = torch.tensor([[0.0, 0.3, 5.0]], dtype=torch.float64)
    length = torch.tensor([[0.25]], dtype=torch.float64)
    a, good = raise_level(torch.eye(3).double().unsqueeze(0), q, torch.ones_like(q), length)
    t = (0.6 + math.sqrt(0.36 + 8 * 0.16)) / 4
    wanted = torch.tensor([[t, t - 0.3, 0.0]], dtype=torch.float64)
    assert good is None
    assert torch.allclose(a, wanted, rtol=0, atol=8 * EPS)


@pytest.mark.parametrize("kind", ["zero row", "all zero", "stationary"])
def test_what_has_no_level_is_left_to_others(kind):
    """A task without gradient has no level, and a length that cannot be reached no face."""
    cosines, q, e, length = problem(kind, 4)
    if kind == "stationary":
        e = torch.ones_like(e)
        q, length = torch.zeros_like(q), torch.full_like(length, 1e12)
    _, good = raise_level(cosines, q, e, length)
    assert good is not None
    assert not good.any()


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_a_lane_is_the_same_in_any_batch(m):
    rows = matrices.draw_every_kind(m, m + 2)
    scaled = scale_diagonal(matrices.products(rows, rows))
    q = torch.linspace(-0.5, 0.5, m).double().expand(len(rows), m)
    e, length = scaled.present.double(), torch.full((len(rows), 1), 0.4, dtype=torch.float64)
    together, good = raise_level(scaled.cosines, q, e, length)
    assert good is not None
    for k in range(len(rows)):
        alone, fine = raise_level(
            scaled.cosines[k : k + 1], q[k : k + 1], e[k : k + 1], length[k : k + 1]
        )
        assert bool(good[k]) == (fine is None)
        if good[k]:
            assert torch.equal(alone[0], together[k])
