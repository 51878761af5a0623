"""Linear programs over the simplex, a batch at a time, by the simplex method with Bland's rule.

`max c^T a` over `a >= 0`, `1^T a = 1`, `B a >= 0`. Because the rows of B are homogeneous, adding a
constant to c makes the objective positive and turns the equality into `1^T a <= 1` without changing the
answer: the origin is then a feasible start and no first phase is needed. Bland's rule (1977) excludes
cycling, which this very degenerate start would otherwise invite. Two variables need no pivots: every row
cuts the segment from one end, and the answer is an end of what remains.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.shapes import Weights

_TOLERANCE = 1e-12
"""What counts as zero in a dictionary of order one. A pivot adds a few eps, some of hundreds of pivots are
small, and taking rounding for a rate or a pivot would send the rule round in circles; a rate this small
that is missed costs as little of the maximum."""


def maximize_on_simplex(
    objective: Float[Tensor, "*batch m"],
    rows: Float[Tensor, "*batch k m"],
    *,
    among: Bool[Tensor, "*batch k"] | None = None,
    rounds: int | None = None,
) -> Weights:
    """Return the point of the simplex that maximizes `c^T a` subject to `B a >= 0`.

    Args:
        objective: c.
        rows: B; a row counts up to a positive factor.
        among: Which rows count; None means all.
        rounds: Pivots at most; None means 6 (m + k) + 10. A lane that needs more keeps its last vertex,
            which satisfies the constraints.

    Returns:
        A vertex that attains the maximum; all zeros where no point of the simplex is feasible.
    """
    batch, (k, m) = objective.shape[:-1], rows.shape[-2:]
    if m == 2:
        return _maximize_on_segment(objective, rows, among)
    rounds = 6 * (m + k) + 10 if rounds is None else rounds
    if among is not None:
        among = among.reshape(-1, k)
    tableau = _dictionary(objective.reshape(-1, m), rows.reshape(-1, k, m), among)
    lanes, last = len(tableau), m + k + 1
    # which variable each column and each row stands for: those of a first, then the slacks
    outside = torch.arange(m, device=tableau.device).expand(lanes, m).clone()
    inside = torch.arange(m, last, device=tableau.device).expand(lanes, k + 1).clone()
    for _ in range(rounds):
        rate = tableau[:, -1, :m]
        label, enter = torch.where(rate > _TOLERANCE, outside, last).min(-1, keepdim=True)
        column = tableau.gather(-1, enter.unsqueeze(-1).expand(-1, k + 2, 1)).squeeze(-1)
        leave, bounded = _leaving(tableau[:, : k + 1, -1], column[:, : k + 1], inside, last)
        active = (label < last) & bounded
        if settled(~active):
            break
        _exchange_(tableau, leave, enter, column, active)
        came, went = outside.gather(-1, enter), inside.gather(-1, leave)
        outside.scatter_(-1, enter, torch.where(active, went, came))
        inside.scatter_(-1, leave, torch.where(active, came, went))
    heights = tableau[:, : k + 1, -1].clamp(min=0)
    answer = torch.zeros(lanes, last, dtype=tableau.dtype, device=tableau.device)
    answer = answer.scatter(-1, inside, heights)[:, :m]
    return answer.reshape(*batch, m)


def _dictionary(objective: Tensor, rows: Tensor, among: Tensor | None) -> Tensor:
    """Return the first dictionary, [lanes, k + 2, m + 1].

    k rows `-B a <= 0`, one row `1^T a <= 1`, then the objective; the last column is the right side. Data
    are scaled to order one, so that one tolerance fits all lanes.
    """
    size = rows.abs().amax(-1, keepdim=True)
    scaled = rows / torch.where(size > 0, size, 1.0)
    if among is not None:
        scaled = torch.where(among.unsqueeze(-1), scaled, 0.0)
    spread = objective.abs().amax(-1, keepdim=True)
    # at least one everywhere: then a larger sum of a is always better, and `<= 1` is met with equality
    c = objective / torch.where(spread > 0, spread, 1.0) + 2
    zeros, ones = torch.zeros_like(c[:, :1]), torch.ones_like(c[:, :1])
    return torch.cat(
        (
            torch.cat((-scaled, zeros.unsqueeze(-1).expand(-1, rows.shape[-2], 1)), -1),
            torch.cat((torch.ones_like(c), ones), -1).unsqueeze(-2),
            torch.cat((c, zeros), -1).unsqueeze(-2),
        ),
        -2,
    )


def _leaving(
    heights: Tensor, coefficients: Tensor, inside: Tensor, last: int
) -> tuple[Tensor, Tensor]:
    """Return the row that blocks first, of equals the one of the first variable, and whether one does."""
    ratio = torch.where(coefficients > _TOLERANCE, heights / coefficients, torch.inf)
    least = ratio.amin(-1, keepdim=True)
    tied = ratio <= least + _TOLERANCE
    return torch.where(tied, inside, last).argmin(-1, keepdim=True), least.isfinite()


def _maximize_on_segment(objective: Tensor, rows: Tensor, among: Tensor | None) -> Weights:
    """Solve the program of two variables, (t, 1 - t), in closed form."""
    first, second = rows.unbind(-1)
    if among is not None:
        first, second = torch.where(among, first, 0.0), torch.where(among, second, 0.0)
    # The two sides of a row that cuts have opposite signs, so their difference cancels nothing.
    apart = second - first
    cut = second / torch.where(apart == 0, 1.0, apart)
    lowest = torch.where((first >= 0) & (second < 0), cut, 0.0).amax(-1)
    highest = torch.where((first < 0) & (second >= 0), cut, 1.0).amin(-1)
    feasible = (lowest <= highest + _TOLERANCE) & ~((first < 0) & (second < 0)).any(-1)
    t = torch.where(objective[..., 0] >= objective[..., 1], highest, lowest)
    return torch.where(feasible.unsqueeze(-1), torch.stack((t, 1 - t), -1), 0.0)


def _exchange_(
    tableau: Tensor, leave: Tensor, enter: Tensor, column: Tensor, active: Tensor
) -> None:
    """Exchange one row's variable for one column's, in place, in the active lanes."""
    height, width = tableau.shape[-2:]
    wide = leave.unsqueeze(-1).expand(-1, 1, width)
    tall = enter.unsqueeze(-1).expand(-1, height, 1)
    row = tableau.gather(-2, wide).squeeze(-2)
    pivot = column.gather(-1, leave)
    shifted = torch.where(active, column / pivot, 0.0)
    tableau.addcmul_(shifted.unsqueeze(-1), row.unsqueeze(-2), value=-1)
    tableau.scatter_(-2, wide, torch.where(active, row / pivot, row).unsqueeze(-2))
    new = -column / pivot
    new = new.scatter(-1, leave, 1 / pivot)
    tableau.scatter_(-1, tall, torch.where(active, new, column).unsqueeze(-1))
