"""Projections on the dual cone against exact arithmetic and their KKT conditions."""

from __future__ import annotations

import pytest
import torch

from paretomtl.aggregation.dual_cone import project_combination, project_rows
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize("m", [2, 3, 4])
@pytest.mark.parametrize("kind", ["random", "conflicting", "integers"])
def test_equals_the_exact_projection(exact, kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(8,), seed=m)
    found = project_combination(gramian, 1 / m, precision=EPS)
    for k in range(8):
        inner = exact.times(exact.rational(gramian[k]), exact.rational([1 / m] * m))
        added = exact.nonnegative(gramian[k], [-x for x in inner])
        wanted = 1 / m + exact.rounded(added)
        limit = 8 * m * EPS * float(torch.linalg.cond(gramian[k])) * (1 + float(wanted.max()))
        assert torch.allclose(found[k], wanted, rtol=0, atol=limit)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8, 16])
@pytest.mark.parametrize("kind", matrices.KINDS)
def test_kkt_conditions(kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(8,), seed=m)
    u = torch.rand(8, m, generator=torch.Generator().manual_seed(m), dtype=torch.float64)
    found = project_combination(gramian, u, precision=EPS)
    assert (conditions.projected(gramian, u, found, precision=EPS) <= 1).all()
    assert (conditions.in_dual_cone(gramian, found, precision=EPS) <= 1).all()
    rows = project_rows(gramian, precision=EPS)
    eye = torch.eye(m, dtype=torch.float64).expand(8, m, m)
    assert (conditions.projected(gramian.unsqueeze(1), eye, rows, precision=EPS) <= 1).all()


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_rows_at_once_equal_rows_one_by_one(m):
    gramian = matrices.draw_gramian("conflicting", m, m + 3, batch=(10,), seed=m)
    rows = project_rows(gramian, precision=EPS)
    for k, one in enumerate(torch.eye(m, dtype=torch.float64)):
        alone = project_combination(gramian, one, precision=EPS)
        # the same minimum, of a matrix whose least eigenvalue is above 1e-6 of its trace here
        assert torch.allclose(rows[:, k], alone, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("m", [2, 4])
def test_a_number_is_a_combination_of_equal_weights(m):
    gramian = matrices.draw_gramian("conflicting", m, m + 3, batch=(10,), seed=m)
    one = project_combination(gramian, 0.25, precision=EPS)
    other = project_combination(gramian, torch.full((m,), 0.25).double(), precision=EPS)
    assert torch.allclose(one, other, rtol=1e-11, atol=0)


@pytest.mark.parametrize(
    ("degrees", "added"), [(60, 0.0), (90, 0.0), (120, 0.5), (150, 3**0.5 / 2)]
)
def test_two_gradients_at_known_angles(degrees, added):
    """Projected off the other: minus the cosine is what the other adds."""
    rows = matrices.at_angle(degrees)
    found = project_rows(matrices.products(rows, rows), precision=EPS)
    wanted = torch.tensor([[1.0, added], [added, 1.0]], dtype=torch.float64)
    assert torch.allclose(found, wanted, rtol=0, atol=2 * EPS)


@pytest.mark.parametrize("kind", ["aligned", "all zero"])
def test_inside_the_cone_nothing_is_added(kind):
    gramian = matrices.draw_gramian(kind, 5, 8, batch=(6,))
    u = torch.full((5,), 0.2, dtype=torch.float64)
    assert torch.equal(project_combination(gramian, u, precision=EPS), u.expand(6, 5))
    assert torch.equal(project_rows(gramian, precision=EPS), torch.eye(5).double().expand(6, 5, 5))


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    law_of_lanes(
        lambda gramian, precision: project_combination(gramian, 1 / m, precision=precision), m
    )
    law_of_lanes(lambda gramian, precision: project_rows(gramian, precision=precision), m)
