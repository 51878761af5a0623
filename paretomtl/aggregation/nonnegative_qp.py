"""Convex quadratic programs over the non-negative orthant, a batch at a time, to their KKT conditions.

An active-set method (Lawson and Hanson, 1974, chapter 23) on a swept tableau: each round enters the
index with the most violated multiplier, or, when the step to the minimum on the face would leave the
orthant, walks as far as it can and drops the blocking index. The objective falls with every round and
faces do not repeat, so it ends at the exact minimiser; entered columns are independent of those before,
so a singular matrix is no obstacle.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, settled
from paretomtl.aggregation.sweep import sweep_


def minimize_nonnegative(
    matrix: Float[Tensor, "lanes m m"],
    linear: Float[Tensor, "lanes m"],
    *,
    precision: float,
    rounds: int | None = None,
) -> Float[Tensor, "lanes m"]:
    """Return the `s >= 0` that minimises `s^T M s / 2 + q^T s`.

    Args:
        matrix: M, symmetric positive semi-definite, float64, with a diagonal of order one or zero.
        linear: q, in the range of M or bounding the problem otherwise.
        precision: Machine epsilon of the numbers M was computed in: what separates an independent
            column from noise.
        rounds: How many exchanges to make at most; None means 4 m + 4. A lane that needs more keeps
            its best point so far, which is feasible (not seen in the tests).

    Returns:
        The minimiser; its gradient `M s + q` is zero on the support and non-negative elsewhere.
    """
    m = matrix.shape[-1]
    rounds = 4 * m + 4 if rounds is None else rounds
    floor = 8 * m * precision
    tolerance = 4 * torch.finfo(torch.float64).eps
    tableau = matrix.clone()
    carried = linear.unsqueeze(-2).clone()
    multipliers = carried[:, 0]
    diagonal = tableau.diagonal(dim1=-2, dim2=-1)
    indices = torch.arange(m, device=matrix.device)
    basic = torch.zeros_like(linear, dtype=torch.bool)
    useless = basic
    s = torch.zeros_like(linear)
    entered = torch.full_like(linear[:, :1], -1, dtype=torch.int64)
    for _ in range(rounds):
        face = torch.where(basic, -multipliers, 0.0)
        falling = basic & (face < 0)
        ratio = torch.where(falling, s / (s - face), torch.inf)
        share, leave = ratio.min(-1, keepdim=True)
        blocked = share <= 1
        s = torch.where(blocked, s + share.clamp(max=1) * (face - s), face).clamp(min=0)
        # rounding can let an index in that must leave at once: never offer it again
        useless = useless | ((indices == entered) & blocked & (leave == entered))
        offered = ~(basic | useless) & (diagonal > floor)
        worst, enter = torch.where(offered, multipliers, torch.inf).min(-1, keepdim=True)
        active = (blocked | (worst < -tolerance)).squeeze(-1)
        if settled(~active):
            break
        index = torch.where(blocked, leave, enter)
        entered = torch.where(blocked, -1, index)
        basic = sweep_(tableau, carried, index, basic, active)
    # one step of iterative refinement with the inverse that the tableau holds
    residual = torch.where(basic, linear + apply(matrix, s), 0.0)
    correction = torch.where(basic, apply(tableau, residual), 0.0)
    return (s + correction).clamp(min=0)
