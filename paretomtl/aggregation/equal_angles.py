"""Combinations that meet all gradients at prescribed inner products: the solve behind IMTL-G and ConFIG."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, settled
from paretomtl.aggregation.linalg import cholesky, eigh
from paretomtl.shapes import Gramian, Mask


def solve_regular(
    cosines: Gramian, right: Float[Tensor, "*batch m"], *, precision: float
) -> tuple[Float[Tensor, "*batch m"], Mask]:
    """Solve `C a = b` where C has full rank; return a and where that is so, [*batch, 1].

    Full rank means that every pivot of the Cholesky factorization, the squared sine of a row's angle to
    those before, stands above the rounding of the Gramian.
    """
    factor, failed = cholesky(cosines)
    pivots = factor.diagonal(dim1=-2, dim2=-1).square()
    independent = pivots.amin(-1) > 8 * cosines.shape[-1] * precision
    full = ((failed == 0) & independent).unsqueeze(-1)
    return torch.cholesky_solve(right.unsqueeze(-1), factor).squeeze(-1), full


def solve_least(
    gramian: Gramian, right: Float[Tensor, "*batch m"], *, precision: float
) -> Float[Tensor, "*batch m"]:
    """Return `G^+ b`: the least-squares solution of least norm, eigenvalues below rounding dropped."""
    m = gramian.shape[-1]
    values, vectors = eigh(gramian)
    kept = values > values[..., -1:] * m * precision
    inverse = torch.where(kept, 1 / values, 0.0)
    return apply(vectors, inverse * apply(vectors.mT, right))


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
