"""Combinations that meet all gradients at prescribed inner products: the solve behind IMTL-G and ConFIG."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.aggregation.linalg import cholesky, eigh, recombine
from paretomtl.shapes import Gramian


def solve(
    gramian: Gramian,
    right: Float[Tensor, "*batch m"],
    lengths: Float[Tensor, "*batch m"],
    *,
    precision: float,
) -> Float[Tensor, "*batch m"]:
    """Return `G^+ b`: the solution where G has full rank, elsewhere the least-squares solution of least norm.

    Full rank means that every pivot of the Cholesky factorization, which is the row's length times the
    sine of its angle to those before, stands above the rounding of the Gramian. The factorization is
    indifferent to the lengths of the rows, so they need no scaling.

    Args:
        gramian: G, clean, float64.
        right: b.
        lengths: The root of G's diagonal.
        precision: Machine epsilon of the numbers the Gramian was computed in.
    """
    m = gramian.shape[-1]
    factor = cholesky(gramian)
    # where the factorization broke off, the pivot is left as it was: zero or negative
    pivots = factor.diagonal(dim1=-2, dim2=-1)
    # a squared pivot is a difference of m products, with their rounding
    independent = pivots > lengths * math.sqrt(8 * m * precision)
    solution = torch.cholesky_solve(right.unsqueeze(-1), factor).squeeze(-1)
    if settled(independent):
        return solution
    values, vectors = eigh(gramian)
    kept = values > values[..., -1:] * m * precision
    inverse = torch.where(kept, 1 / values, 0.0)
    least = recombine(vectors, inverse, right)
    return torch.where(independent.all(-1, keepdim=True), solution, least)
