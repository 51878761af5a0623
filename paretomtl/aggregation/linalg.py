"""LAPACK's routines with types, which torch's stubs lack; none raises for a bad lane."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor


def eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues, ascending, and the eigenvectors in columns. Lanes must be finite."""
    return cast("tuple[Tensor, Tensor]", torch.linalg.eigh(matrix))  # pyright: ignore[reportUnknownMemberType]


def cholesky(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the lower factor and, for each lane, 0 or where the factorization broke off."""
    return cast("tuple[Tensor, Tensor]", torch.linalg.cholesky_ex(matrix))  # pyright: ignore[reportUnknownMemberType]


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve a general system with one right-hand side, [*batch, m]; a singular lane gives non-finite numbers."""
    solution = cast("Tensor", torch.linalg.solve_ex(matrix, right.unsqueeze(-1))[0])  # pyright: ignore[reportUnknownMemberType]
    return solution.squeeze(-1)


def length(vector: Tensor) -> Tensor:
    """Return the Euclidean length along the last axis, kept: [*batch, 1]."""
    return vector.square().sum(-1, keepdim=True).sqrt()
