"""Combinations that meet all gradients at prescribed inner products: the solve behind IMTL-G and ConFIG."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.aggregation.linalg import cholesky, eigh, recombine
from paretomtl.shapes import Gramian, Mask


def solve_regular(
    gramian: Gramian, right: Float[Tensor, "*batch m"], *, precision: float
) -> tuple[Float[Tensor, "*batch m"], Mask]:
    """Solve `G a = b` where G has full rank; return a and where that is so, [*batch, 1].

    Full rank means that every pivot of the Cholesky factorization, which is the row's length times the
    sine of its angle to those before, stands above the rounding of the Gramian. The factorization is
    indifferent to the lengths of the rows, so they need no scaling.
    """
    factor = cholesky(gramian)
    # where the factorization broke off, the pivot is left as it was: zero or negative
    pivots = factor.diagonal(dim1=-2, dim2=-1)
    lengths = gramian.diagonal(dim1=-2, dim2=-1).sqrt()
    independent = pivots > lengths * math.sqrt(8 * gramian.shape[-1] * precision)
    solution = torch.cholesky_solve(right.unsqueeze(-1), factor).squeeze(-1)
    return solution, independent.all(-1, keepdim=True)


def solve_least(
    gramian: Gramian, right: Float[Tensor, "*batch m"], *, precision: float
) -> Float[Tensor, "*batch m"]:
    """Return `G^+ b`: the least-squares solution of least norm, eigenvalues below rounding dropped."""
    m = gramian.shape[-1]
    values, vectors = eigh(gramian)
    kept = values > values[..., -1:] * m * precision
    inverse = torch.where(kept, 1 / values, 0.0)
    return recombine(vectors, inverse, right)


def solve(
    regular: tuple[Gramian, Tensor], fallback: tuple[Gramian, Tensor], *, precision: float
) -> tuple[Tensor, Mask, Tensor | None]:
    """Solve the regular system where it has full rank, and the fallback in the least-squares sense.

    Returns:
        The regular solution, where it holds, and the fallback's solution (None where no lane needs it).
    """
    solution, full = solve_regular(*regular, precision=precision)
    if settled(full):
        return solution, full, None
    return solution, full, solve_least(*fallback, precision=precision)
