"""Programs over the non-negative orthant against exact arithmetic, their KKT conditions and SciPy."""

from __future__ import annotations

import pytest
import torch
from scipy.optimize import nnls

from paretomtl.aggregation import nonnegative_qp
from paretomtl.aggregation.lanes import scale_diagonal
from paretomtl.aggregation.nonnegative_qp import minimize_nonnegative
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps

SINGULAR = ("rank one", "half rank")
"""Kinds for which a random force is bounded in exact arithmetic only, its rounding is not."""


def program(kind, m, *, batch=(20,), seed=0):
    """Cosines of a kind, and the force of a random point, so that the program is bounded."""
    cosines = scale_diagonal(matrices.draw_gramian(kind, m, m + 3, batch=batch, seed=seed)).cosines
    point = matrices.normal(*batch, m, generator=torch.Generator().manual_seed(seed))
    force = conditions.apply(cosines, point)
    size = force.abs().amax(-1, keepdim=True)
    return cosines, force / torch.where(size > 0, size, 1.0)


def strictly_convex(m, batch=(), seed=0):
    """Cosines plus a positive rank-one term: bounded for every force it is used with."""
    cosines, _ = program("conflicting", m, batch=batch, seed=seed)
    return cosines + 0.3


@pytest.fixture(params=[8, 0], ids=["guess first", "active set alone"])
def rounds(request, monkeypatch):
    """Both methods: with no trust in any guess, the active-set method solves every program."""
    if not request.param:
        monkeypatch.setattr(nonnegative_qp, "_LARGE", -1.0)


@pytest.mark.usefixtures("rounds")
@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_equals_the_exact_minimum(exact, m):
    matrix = strictly_convex(m, (12,), seed=m)
    force = matrices.normal(12, m, generator=torch.Generator().manual_seed(m))
    found = minimize_nonnegative(matrix, force, precision=EPS)
    for k in range(12):
        wanted = exact.rounded(exact.nonnegative(matrix[k], force[k]))
        # forward error of a solve: the condition number, at most the trace over the least eigenvalue
        condition = matrix[k].trace() / torch.linalg.eigvalsh(matrix[k])[0]
        limit = 8 * m * EPS * condition * (1 + wanted.abs().sum())
        assert (found[k] - wanted).abs().max() <= limit


@pytest.mark.usefixtures("rounds")
@pytest.mark.parametrize("m", [3, 8, 16])
@pytest.mark.parametrize("kind", [kind for kind in matrices.KINDS if kind not in SINGULAR])
def test_kkt_conditions(kind, m):
    matrix, force = program(kind, m)
    found = minimize_nonnegative(matrix, force, precision=EPS)
    assert (conditions.nonnegative(matrix, force, found, precision=EPS) <= 1).all()


@pytest.mark.usefixtures("rounds")
@pytest.mark.parametrize("m", [5, 12])
def test_agrees_with_nonnegative_least_squares(m):
    """`|J^T s - y|^2` over `s >= 0`, by SciPy's implementation of Lawson and Hanson."""
    rows = matrices.draw_jacobian("conflicting", m, m + 2, batch=(8,), seed=m)
    rows = rows / rows.square().sum(-1, keepdim=True).sqrt()
    y = matrices.normal(8, m + 2, generator=torch.Generator().manual_seed(1))
    force = (rows * y.unsqueeze(-2)).sum(-1)
    found = minimize_nonnegative(matrices.products(rows, rows), force, precision=EPS)
    for k in range(8):
        _, residual = nnls(rows[k].mT.numpy(), y[k].numpy())
        # the value is flat at its minimum: an error of 1e-8 in s would show in the 16th digit
        assert float((found[k] @ rows[k] - y[k]).norm()) == pytest.approx(residual, rel=1e-13)


def test_no_force_no_point():
    matrix = strictly_convex(5, (7,))
    force = -torch.rand(7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert (minimize_nonnegative(matrix, force, precision=EPS) == 0).all()
    assert (minimize_nonnegative(matrix, 0 * force, precision=EPS) == 0).all()


@pytest.mark.parametrize("m", [3, 6])
@pytest.mark.parametrize("rays", [0, 2])
def test_many_programs_of_one_matrix_equal_those_of_copies(m, rays):
    matrix, _ = program("conflicting", m, batch=(6,))
    force = conditions.apply(
        matrix.unsqueeze(1), matrices.normal(6, 4, m, generator=torch.Generator().manual_seed(2))
    )
    shared = minimize_nonnegative(matrix, force, precision=EPS, rays=rays)
    copies = matrix.unsqueeze(1).expand(6, 4, m, m)
    assert shared.shape == (6, 4, m)
    assert (conditions.nonnegative(copies, force, shared, precision=EPS) <= 1).all()
    alone = minimize_nonnegative(copies, force, precision=EPS)
    # the same supports and conditions: apart by what both permit, over the least eigenvalue
    assert torch.allclose(shared, alone, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("m", [3, 5, 8])
def test_lanes(law_of_lanes, m):
    law_of_lanes(
        lambda gramian, precision: minimize_nonnegative(
            scale_diagonal(gramian).cosines + 1,
            torch.ones(m).double().expand(gramian.shape[:-1]),
            precision=precision,
        ),
        m,
    )


def test_a_duplicate_column_is_no_obstacle():
    """One of two equal columns is enough; together they hold what one would."""
    matrix = torch.tensor([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]], dtype=torch.float64)
    force = torch.tensor([1.0, 1.0, 1.0], dtype=torch.float64)
    found = minimize_nonnegative(matrix, force, precision=EPS)
    assert float(found[:2].sum()) == pytest.approx(2 / 3, abs=4 * EPS)
    assert float(found[2]) == pytest.approx(2 / 3, abs=4 * EPS)


def test_a_full_active_set_costs_one_exchange_an_index():
    """All indices enter: the answer is the solution of the system, refined to its last bits."""
    m = 12
    matrix = torch.eye(m, dtype=torch.float64) + 0.5
    found = minimize_nonnegative(matrix, torch.ones(m, dtype=torch.float64), precision=EPS)
    assert torch.allclose(found, torch.full_like(found, 1 / (1 + m / 2)), rtol=m * EPS, atol=0)
