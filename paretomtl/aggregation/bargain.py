"""The root of `C a = s / a`: the minimum of `a^T C a / 2 - s^T log a`, by Newton's method.

The function is strictly convex wherever it has a minimum, and self-concordant, so that Newton's method
converges from a point as simple as that of equal rows. It has none where the gradients are Pareto
stationary, and nearly none close to that: only certified lanes count, `power_root` takes the others.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, settled
from paretomtl.aggregation.linalg import ROWS, solve

_ROUNDS = 14
"""Steps at most. On gradients that conflict, aligned ones and uneven ones of 4 to 32 tasks 10 sufficed for
every lane. Of dependent gradients, m in m / 2 dimensions, half stay open, as many as are Pareto
stationary; 20 steps leave them open too."""
_NEAR = 1e-9
"""Residual from which one more step is the last: it squares it."""

_SHARE_OF_STEP = 0.9
"""How far towards the boundary of the positive orthant a step may go."""


def bargain(
    cosines: Float[Tensor, "*batch m m"], shares: Float[Tensor, "*batch m"], *, precision: float
) -> tuple[Float[Tensor, "*batch m"], Bool[Tensor, "*batch 1"]]:
    """Return the `a > 0` with `a_i (C a)_i = s_i`, and where it was found well inside its domain.

    Args:
        cosines: C, unit diagonal or zero, float64.
        shares: s, at least 0, of order one. A row with a share of 0 must be zero; its a means nothing.
        precision: Machine epsilon of the numbers C was computed in. The least norm over the convex hull
            of the unit gradients is at least `min(C a) / |J^T a|`: lanes where that is not above the
            rounding of C are not counted as found.

    Cost: 4 to 7 linear systems of O(m^3) a lane.
    """
    m = cosines.shape[-1]
    extra = -m % ROWS
    if extra:
        # padded once, so that `solve` need not in every round; rows without a share stay as they are
        cosines = torch.constant_pad_nd(cosines, (0, extra, 0, extra))
        shares = torch.constant_pad_nd(shares, (0, extra))
    # the root where all rows are equal, a_i (C 1)_i a_i = 1, kept from running off where C 1 is not positive;
    # then to the length of the root, a^T C a = sum s
    a = cosines.sum(-1).clamp(min=0.3).rsqrt()
    square = (a * apply(cosines, a)).sum(-1, keepdim=True)
    a = a * (shares.sum(-1, keepdim=True) / square).sqrt()
    done = torch.zeros_like(square, dtype=torch.bool)
    for _ in range(_ROUNDS):
        force = shares - a * apply(cosines, a)
        near = force.abs().amax(-1, keepdim=True) <= _NEAR
        system = a.unsqueeze(-1) * cosines
        system *= a.unsqueeze(-2)
        # the Hessian, scaled by a on both sides: for shares of one. With others it is approximate, the
        # residual falls in proportion instead of being squared, and fewer lanes are found in time
        system.diagonal(dim1=-2, dim2=-1).add_(1)
        step = solve(system, force)
        # step is relative to a, and so at most a share of the way to zero is gone
        share = _SHARE_OF_STEP / step.amin(-1, keepdim=True).neg().clamp(min=_SHARE_OF_STEP)
        a = torch.where(done, a, torch.addcmul(a, a * share, step))
        done = done | near
        if settled(done):
            break
    a = a[..., :m]
    largest = a.amax(-1, keepdim=True)
    return a, done & (8 * m * m * precision * largest.square() < 1)
