"""The shortest vector that satisfies linear inequalities: `min |x| subject to J x >= h`."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import scale_diagonal
from paretomtl.aggregation.nonnegative_qp import minimize_nonnegative
from paretomtl.shapes import Gramian, Mask


def shortest_satisfying(
    gramian: Gramian, bounds: Float[Tensor, "*batch m"], *, precision: float
) -> tuple[Float[Tensor, "*batch m"], Mask]:
    """Return the multipliers `l >= 0` of the shortest `x = J^T l` with `J x >= h`, and where it exists.

    Least-distance programming (Lawson and Hanson, 1974, chapter 23): with u the non-negative minimizer
    of `|J^T u|^2 + (h^T u - 1)^2`, `l = u / (1 - h^T u)`; the inequalities contradict each other exactly
    when that divisor is zero.

    Args:
        gramian: Clean, float64.
        bounds: h.
        precision: Machine epsilon of the numbers the Gramian was computed in.

    Returns:
        l (zeros where no x exists), and whether x exists, [*batch, 1].
    """
    m = gramian.shape[-1]
    scaled = scale_diagonal(gramian)
    unit = torch.where(scaled.present, bounds * scaled.inverse, 0.0)
    size = unit.abs().amax(-1, keepdim=True)
    size = torch.where(size > 0, size, 1.0)
    h = unit / size
    matrix = scaled.cosines + h.unsqueeze(-1) * h.unsqueeze(-2)
    u = minimize_nonnegative(matrix, h, precision=precision)
    divisor = 1 - (h * u).sum(-1, keepdim=True)
    impossible = (~scaled.present & (bounds > 0)).any(-1, keepdim=True)
    # rounding of the Gramian shows in the divisor times the square of the combination's size
    rounding = 8 * m * precision * (1 + u.sum(-1, keepdim=True)).square()
    exists = (divisor > rounding) & ~impossible
    multipliers = u / torch.where(exists, divisor, 1.0) * size * scaled.inverse
    return torch.where(exists, multipliers, 0.0), exists
