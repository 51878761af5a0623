"""WC-MGDA and XWC-MGDA: weighted Tchebycheff and MGDA in one convex problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.aggregation.lanes import apply, clean, scale_diagonal
from paretomtl.aggregation.worst_case import Path, follow
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, choose, lane
from paretomtl.methods.weightings.epo import preferred_losses
from paretomtl.shapes import Weights


@methods.register("xwc_mgda")
@dataclass(frozen=True, kw_only=True, eq=False)
class XWCMGDA(Weighting):
    """Weights between weighted Tchebycheff (u = 0) and MGDA (u large) on the preferred losses.

    Maximizes the preferred losses above the ideal point, `m p_i (L_i - z_i)`, less u times the length of
    the combined preferred gradient. Its fixed points are Pareto stationary with equal preferred losses.

    Args:
        u: Weight of the length, > 0, relative to the root of the trace of the preferred Gramian.
        adaptive: XWC-MGDA: raise u, step by step, as little as keeps the problem's value from rising.
            False is WC-MGDA.
    """

    card = Card(
        title="XWC-MGDA",
        formula="a = argmax over the simplex of a^T l - u |J'^T a| / k, l = m p (L - z), J' = diag(m p) J, k^2 = trace J'J'^T; w = m p a",
        source="Momma et al. (2022), A Multi-objective / Multi-task Learning Framework Induced by Pareto Stationarity, Section 3",
        departures="Solved exactly by following the path of solutions. k is the root of the trace, where code in circulation takes the spectral norm. The smallest u that keeps the value from rising is found on the same path.",
        peers=("Code in circulation: cvxpy with SCS, a matrix square root with 1e-12 added",),
        cost="about m exchanges of O(m^2) a lane",
    )
    own_preference: ClassVar[bool] = True
    reads_losses: ClassVar[bool] = True

    u: float = lane_option(0.01)
    adaptive: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "adaptive", (True, False))
        check_option(self, "u", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return an infinite last value where it adapts, else nothing."""
        if not self.adaptive:
            return {}
        return {"value": shapes.full(torch.inf, 1, dtype=torch.float64)}

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights and the problem's value; a bad lane keeps its own."""
        lanes = clean(gramian_of(self, signals))
        losses = preferred_losses(self, signals)
        good = lanes.finite & losses.isfinite().all(-1)
        losses = torch.where(good.unsqueeze(-1), losses, 1.0)
        m = losses.shape[-1]
        rows = torch.ones_like(losses)
        if signals.preference is not None:
            rows = signals.preference.to(torch.float64) * m
        preferred = rows.unsqueeze(-1) * lanes.matrix * rows.unsqueeze(-2)
        trace = preferred.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True)
        unit = torch.where(trace > 0, trace, 1.0)
        problem = preferred / unit.unsqueeze(-1)
        u = lane(self.u, losses)
        bound = state["value"] if state else torch.full_like(u, torch.inf)
        share = tchebycheff_mgda(problem, losses, u, bound, precision=lanes.precision)
        weights = lanes.only(good).restore(share * rows)
        if not state:
            return weights, state
        length = (share * apply(problem, share)).sum(-1, keepdim=True)
        value = (share * losses).sum(-1, keepdim=True) - u * length.clamp(min=0).sqrt()
        return weights, keep_bad_lanes(good, state, {"value": torch.minimum(value, bound)})


def tchebycheff_mgda(
    gramian: torch.Tensor,
    losses: torch.Tensor,
    u: torch.Tensor,
    bound: torch.Tensor,
    *,
    precision: float,
) -> Weights:
    """Return `argmax a^T l - u |J^T a|` over the simplex, u raised until the value is at most `bound`.

    A zero row counts with its loss alone. Where the gradients are stationary before u or the bound is
    reached, the answer is the combination that cancels them.
    """
    scaled = scale_diagonal(gramian)
    shortest = torch.where(scaled.present, scaled.lengths, torch.inf).amin(-1, keepdim=True)
    shortest = torch.where(shortest.isfinite(), shortest, 1.0)
    level = torch.where(scaled.present, shortest * scaled.inverse, 0.0)
    # in units of u and of the shortest row: C a - l D^-1 / u - t e >= 0
    linear = torch.where(scaled.present, -losses * scaled.inverse / u, 0.0)
    size = linear.abs().amax(-1, keepdim=True).clamp(min=1.0)
    unreachable = torch.where(scaled.present, -torch.inf, losses).amax(-1, keepdim=True)
    unit = u * shortest * size
    path = Path(1 / size.square(), -bound / unit, -unreachable / unit)
    end = follow(scaled.cosines, linear / size, level, path, precision=precision)
    share = end.limit * level
    total = share.sum(-1, keepdim=True)
    best = losses == losses.amax(-1, keepdim=True)
    vertex = best.to(losses.dtype) / best.sum(-1, keepdim=True)
    return torch.where(total > 0, share / total, vertex)
