"""Projection on the dual cone of the gradients: the nearest direction that harms no task."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, scale_diagonal
from paretomtl.aggregation.linalg import identity
from paretomtl.aggregation.nonnegative_qp import minimize_nonnegative
from paretomtl.shapes import Gramian, Weights

_TINY = torch.finfo(torch.float64).tiny


def project_combination(
    gramian: Gramian, combination: Weights | float, *, precision: float
) -> Weights:
    """Return the weights of the projection of `u^T J` on `{d: J d >= 0}`: `argmin_{v >= u} v^T G v`.

    Args:
        gramian: Clean, float64.
        combination: u, non-negative, [*batch, m] or [m]; a float is the same for all rows.
        precision: Machine epsilon of the numbers the Gramian was computed in.
    """
    m = gramian.shape[-1]
    if m == 2:
        if isinstance(combination, Tensor):
            gradient = apply(gramian, combination.expand(gramian.shape[:-1]))
        else:
            gradient = gramian.sum(-1) * combination
        return combination + _two(gramian, gradient)
    scaled = scale_diagonal(gramian)
    if isinstance(combination, Tensor):
        target = scaled.lengths * combination
        gradient = apply(gramian, combination.expand(target.shape))
    else:
        # the projection is homogeneous: as if u were one
        target, gradient = scaled.lengths, gramian.sum(-1)
    size = target.amax(-1, keepdim=True).clamp(min=_TINY)
    force = gradient * (scaled.inverse / -size)
    added = minimize_nonnegative(scaled.cosines, force, precision=precision)
    added = added * (scaled.inverse * size)
    return combination + (added if isinstance(combination, Tensor) else added * combination)


def project_rows(gramian: Gramian, *, precision: float) -> Float[Tensor, "*batch m m"]:
    """Project each gradient by itself; row k of the answer holds the weights of the projection of g_k.

    Arguments are those of `project_combination`. The m programs of a lane are solved as one batch.
    """
    m = gramian.shape[-1]
    eye = identity(m, gramian)
    if m == 2:
        return eye + _two(gramian.unsqueeze(-3), gramian)
    scaled = scale_diagonal(gramian)
    # most supports of single rows differ from what their first gradients say
    added = minimize_nonnegative(
        scaled.cosines, -scaled.cosines, precision=precision, rays=2 if m > 4 else 0
    )
    return eye + added * scaled.lengths.unsqueeze(-1) * scaled.inverse.unsqueeze(-2)


def _two(gramian: Gramian, gradient: Tensor) -> Tensor:
    """Closed form of the addition for two tasks: at most one of the two can be harmed."""
    diagonal = gramian.diagonal(dim1=-2, dim2=-1)
    return torch.where(diagonal > 0, -gradient.clamp(max=0) / diagonal, 0.0)
