"""LAPACK's routines, typed, raising for no lane, and giving a lane the same bits in any batch.

LAPACK's kernels round differently for differently aligned memory, and in a batch of odd-sized matrices
alignment depends on the position. Matrices are therefore padded to a multiple of four rows, which puts
each of them on a 64-byte boundary; the padding is decoupled and drops out exactly.
"""

from __future__ import annotations

import functools
from typing import cast

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import may_look
from paretomtl.aggregation.recording import recorded

ROWS = 4
"""Matrices are padded to a multiple of this many rows."""

EVEN = 1e3
"""Diagonals that span no more than this factor are decomposed with their rows in the order given: an
entry of a thousandth of the largest keeps 13 of 16 digits in any order."""


def eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues, ascending, and the eigenvectors in columns.

    Where the diagonal spans more than a factor of `EVEN`, rows are first put in its ascending order. From
    the upper triangle, which is a little faster than from the lower, the reduction to tridiagonal form
    starts at the last row, and then keeps small eigenvalues to almost full relative precision; in
    another order they drown in the rounding of the largest.

    Args:
        matrix: Finite, positive semi-definite up to rounding.
    """
    diagonal = matrix.diagonal(dim1=-2, dim2=-1)
    if _all_even(diagonal):
        return _eigh(matrix)
    least, largest = diagonal.aminmax(dim=-1, keepdim=True)
    natural = torch.arange(matrix.shape[-1], device=matrix.device)
    order = diagonal.argsort(dim=-1, stable=True)
    order = torch.where(largest <= EVEN * least, natural, order)
    rows = order.unsqueeze(-1).expand_as(matrix)
    values, vectors = _eigh(matrix.gather(-2, rows).gather(-1, rows.mT))
    return values, torch.empty_like(matrix).scatter_(-2, rows, vectors)


def _all_even(diagonal: Tensor) -> bool:
    """Tell, where that is free, whether no lane needs its rows in another order."""
    if not may_look(diagonal) or not diagonal.numel():
        return False
    least, largest = diagonal.aminmax()
    return float(largest) <= EVEN * float(least)


def _eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Decompose with the rows in the order given."""
    m = matrix.shape[-1]
    padded = matrix
    if m % ROWS:
        # above all eigenvalues, so that the padding's come last
        above = 2 * m * matrix.diagonal(dim1=-2, dim2=-1).amax(-1)
        padded = _padded(matrix, torch.where(above > 0, above, 1.0))
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(padded, UPLO="U"))  # pyright: ignore[reportUnknownMemberType]
    return (values, vectors) if padded is matrix else (values[..., :m], vectors[..., :m, :m])


def recombine(vectors: Tensor, factors: Tensor, vector: Tensor | float) -> Tensor:
    """Return `V diag(f) V^T b`, [*batch, m], for eigenvectors in columns; a float is b's every number.

    Sums over another memory layout round in another order, so both run over contiguous rows, one
    along them and one across.
    """
    rows = vectors.mT.contiguous()  # which eigenvectors are in LAPACK's layout
    if isinstance(vector, Tensor):
        coordinates = (rows * vector.unsqueeze(-2)).sum(-1)
    else:
        coordinates = rows.sum(-1) * vector
    return (rows * (factors * coordinates).unsqueeze(-1)).sum(-2)


def cholesky(matrix: Tensor) -> Tensor:
    """Return the lower factor; its diagonal is not positive where the factorization broke off."""
    m = matrix.shape[-1]
    extra = -m % ROWS
    if extra:
        # rows of zeros behind the others: the factorization breaks off there, and the others are done
        matrix = torch.constant_pad_nd(matrix, (0, extra, 0, extra))
    factor = cast("Tensor", torch.linalg.cholesky_ex(matrix)[0])  # pyright: ignore[reportUnknownMemberType]
    return factor[..., :m, :m] if extra else factor


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve a general system with one right-hand side, [*batch, m]; a singular lane gives non-finite numbers."""
    return solve_columns(matrix, right.unsqueeze(-1)).squeeze(-1)


def solve_columns(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve a general system with k right-hand sides, [*batch, m, k]."""
    m = matrix.shape[-1]
    padded = _padded(matrix, None)
    extra = padded.shape[-1] - m
    columns = torch.constant_pad_nd(right, (0, 0, 0, extra)) if extra else right
    solution = cast("Tensor", torch.linalg.solve_ex(padded, columns)[0])  # pyright: ignore[reportUnknownMemberType]
    return solution.narrow(-2, 0, m) if extra else solution


def length(vector: Tensor) -> Tensor:
    """Return the Euclidean length along the last axis, kept: [*batch, 1]."""
    return vector.square().sum(-1, keepdim=True).sqrt()


def identity(m: int, like: Tensor) -> Tensor:
    """Return the identity matrix."""
    if recorded():
        return _tail(0, m, like.dtype, like.device)
    return _kept_tail(0, m, like.dtype, like.device)


def _padded(matrix: Tensor, diagonal: Tensor | None) -> Tensor:
    """Append decoupled rows with a given diagonal, None for ones, up to a multiple of four."""
    m = matrix.shape[-1]
    extra = -m % ROWS
    if not extra:
        return matrix
    # a graph may keep no tensor of the process, and the process none of a graph
    tail_of = _tail if recorded() else _kept_tail
    tail = tail_of(m, m + extra, matrix.dtype, matrix.device)
    if diagonal is not None:
        tail = tail * diagonal[..., None, None]
    return torch.constant_pad_nd(matrix, (0, extra, 0, extra)) + tail


def _tail(first: int, m: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return a diagonal matrix of m rows, zero before row `first` and one from there."""
    return torch.diag((torch.arange(m, device=device) >= first).to(dtype))


_kept_tail = functools.lru_cache(maxsize=256)(_tail)
