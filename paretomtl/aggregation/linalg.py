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

from paretomtl.aggregation.recording import recorded

ROWS = 4
"""Matrices are padded to a multiple of this many rows."""


def eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues, ascending, and the eigenvectors in columns.

    Rows are first put in descending order of the diagonal. The reduction to tridiagonal form starts at
    the first row and then keeps small eigenvalues to almost full relative precision where the rows'
    sizes differ; in another order they drown in the rounding of the largest.

    Args:
        matrix: Finite, positive semi-definite up to rounding.
    """
    m = matrix.shape[-1]
    diagonal = matrix.diagonal(dim1=-2, dim2=-1)
    order = diagonal.argsort(dim=-1, descending=True, stable=True)
    rows = order.unsqueeze(-1).expand_as(matrix)
    graded = matrix.gather(-2, rows).gather(-1, rows.mT)
    if m % ROWS:
        # above all others, so that the padding's eigenvalues come last
        trace = diagonal.sum(-1)
        graded = _padded(graded, torch.where(trace > 0, 2 * trace, 1.0))
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(graded))  # pyright: ignore[reportUnknownMemberType]
    vectors = vectors[..., :m, :m]
    return values[..., :m], torch.empty_like(matrix).scatter_(-2, rows, vectors)


def cholesky(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the lower factor and, for each lane, 0 or where the factorization broke off."""
    m = matrix.shape[-1]
    padded = _padded(matrix, None)
    factor, failed = cast("tuple[Tensor, Tensor]", torch.linalg.cholesky_ex(padded))  # pyright: ignore[reportUnknownMemberType]
    return factor[..., :m, :m], failed


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve a general system with one right-hand side, [*batch, m]; a singular lane gives non-finite numbers."""
    m = matrix.shape[-1]
    padded = _padded(matrix, None)
    extra = padded.shape[-1] - m
    column = torch.nn.functional.pad(right, (0, extra)) if extra else right
    solution = cast("Tensor", torch.linalg.solve_ex(padded, column.unsqueeze(-1))[0])  # pyright: ignore[reportUnknownMemberType]
    solution = solution.squeeze(-1)
    return solution[..., :m] if extra else solution


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
    make = _tail if recorded() else _kept_tail
    tail = make(m, m + extra, matrix.dtype, matrix.device)
    if diagonal is not None:
        tail = tail * diagonal[..., None, None]
    return torch.nn.functional.pad(matrix, (0, extra, 0, extra)) + tail


def _tail(first: int, m: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return a diagonal matrix of m rows, zero before row `first` and one from there."""
    return torch.diag((torch.arange(m, device=device) >= first).to(dtype))


_kept_tail = functools.lru_cache(maxsize=256)(_tail)
