"""LAPACK's routines as the solvers need them: right, silent about bad lanes, the same bits in any batch."""

from __future__ import annotations

import mpmath
import pytest
import torch

from paretomtl.aggregation import linalg
from paretomtl.aggregation.recording import recording
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps
SIZES = [1, 2, 3, 4, 5, 8, 11]


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("kind", matrices.KINDS)
def test_eigenvectors_are_orthonormal_and_rebuild_the_matrix(kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 2, batch=(6,), seed=m)
    values, vectors = linalg.eigh(gramian)
    largest = values[:, -1].clamp(min=torch.finfo(torch.float64).tiny)
    assert (values.diff(dim=-1) >= 0).all()
    # Householder reduction and QR iterations are backward stable: a small multiple of m eps
    rebuilt = vectors * values.unsqueeze(-2) @ vectors.mT
    assert ((rebuilt - gramian).abs().amax((-2, -1)) <= 16 * m * EPS * largest).all()
    assert ((vectors.mT @ vectors - torch.eye(m)).abs() <= 16 * m * EPS).all()


@pytest.mark.parametrize("m", [3, 4, 6])
def test_small_eigenvalues_of_uneven_rows_keep_their_digits(m):
    """Rows from 1 to 1e-6: eigenvalues span 1e12, and the smallest still has 13 digits."""
    gramian = matrices.draw_gramian("row imbalance to 1e-6", m, m + 4, batch=(4,), seed=m)
    values, _ = linalg.eigh(gramian)
    with mpmath.workdps(50):
        for k in range(4):
            exact = mpmath.eigsy(mpmath.matrix(gramian[k].tolist()), eigvals_only=True)
            for found, wanted in zip(values[k].tolist(), sorted(exact), strict=True):
                # of cosines that are well conditioned, a few hundred, times m eps
                assert abs(found / wanted - 1) < 500 * m * EPS


@pytest.mark.parametrize("m", SIZES)
def test_systems(exact, m):
    matrix = matrices.normal(5, m, m, generator=torch.Generator().manual_seed(m)) + 3 * torch.eye(m)
    right = matrices.normal(5, m, 2, generator=torch.Generator().manual_seed(1))
    columns = linalg.solve_columns(matrix, right)
    for k in range(5):
        limit = 8 * m * EPS * float(torch.linalg.cond(matrix[k]))
        for column in range(2):
            wanted = exact.rounded(
                exact.solve(exact.rational(matrix[k]), exact.rational(right[k, :, column]))
            )
            assert (columns[k, :, column] - wanted).abs().max() <= limit * wanted.abs().max()
    assert torch.equal(
        linalg.solve(matrix, right[..., 0]), linalg.solve_columns(matrix, right[..., :1])[..., 0]
    )


def test_a_singular_lane_raises_nothing_and_touches_nobody():
    matrix = matrices.normal(3, 3, 3, generator=torch.Generator().manual_seed(0))
    right = torch.ones(3, 3, dtype=torch.float64)
    fine = linalg.solve(matrix, right)
    matrix[1] = 0
    found = linalg.solve(matrix, right)
    assert not found[1].isfinite().all()
    assert torch.equal(found[[0, 2]], fine[[0, 2]])


@pytest.mark.parametrize("m", SIZES)
def test_cholesky(m):
    gramian = matrices.draw_gramian("random", m, m + 2, batch=(5,), seed=m)
    factor = linalg.cholesky(gramian)
    assert torch.equal(factor, factor.tril())
    error = (factor @ factor.mT - gramian).abs().amax((-2, -1))
    assert (error <= 2 * m * EPS * gramian.diagonal(dim1=-2, dim2=-1).amax(-1)).all()


def test_cholesky_breaks_off_at_a_dependent_row():
    """With numbers that are exact, so that the pivot is zero."""
    rows = torch.tensor([[2.0, 0.0], [0.0, 4.0], [2.0, 4.0]], dtype=torch.float64)
    pivots = linalg.cholesky(matrices.products(rows, rows)).diagonal()
    assert pivots[:2].tolist() == [2, 4]
    assert pivots[2] <= 0


@pytest.mark.parametrize("m", [2, 3, 6])
def test_recombination(m):
    gramian = matrices.draw_gramian("random", m, m + 2, batch=(5,), seed=m)
    values, vectors = linalg.eigh(gramian)
    b = matrices.normal(5, m, generator=torch.Generator().manual_seed(1))
    wanted = (gramian @ b.unsqueeze(-1)).squeeze(-1)
    limit = 32 * m * EPS * float(values.max() * b.norm())
    assert torch.allclose(linalg.recombine(vectors, values, b), wanted, rtol=0, atol=limit)
    ones = linalg.recombine(vectors, values, 0.5)
    assert torch.allclose(ones, gramian.sum(-1) / 2, rtol=0, atol=limit)


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize(
    "routine",
    [
        lambda g: torch.cat(linalg.eigh(g)[1:], -1),
        linalg.cholesky,
        lambda g: linalg.solve(g, g[..., 0]),
    ],
    ids=["eigh", "cholesky", "solve"],
)
def test_lanes(routine, m):
    gramian = matrices.draw_gramian("random", m, m + 2, batch=(9,), seed=m)
    together = routine(gramian)
    assert torch.equal(routine(gramian[2:]), together[2:])
    for k in range(9):
        assert torch.equal(routine(gramian[k]), together[k])


def test_lengths():
    vector = torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float64)
    assert linalg.length(vector).tolist() == [[5.0], [0.0]]


def test_constants_are_kept_but_not_in_a_graph():
    like = torch.zeros(1, dtype=torch.float64)
    one = linalg.identity(3, like)
    assert torch.equal(one, torch.eye(3, dtype=torch.float64))
    assert linalg.identity(3, like) is one
    with recording():
        assert linalg.identity(3, like) is not one
        assert torch.equal(linalg.identity(3, like), one)
