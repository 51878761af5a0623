"""Nash-MTL: the bargaining solution between the tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.aggregation.lanes import apply, clean
from paretomtl.aggregation.power_root import power_root
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, count, lane
from paretomtl.shapes import Weights


@methods.register("nash_mtl")
@dataclass(frozen=True, kw_only=True, eq=False)
class NashMTL(Weighting):
    """Positive weights with `G w = m p / w`: the Nash bargaining solution, p the bargaining powers.

    Indifferent to the lengths of the gradients; the direction has length sqrt(m) before the limit. At a
    Pareto-stationary point there is nothing to bargain for and the direction is zero; a task whose
    gradient is zero takes no part.

    Args:
        max_norm: Limit on the length of the direction; 0 sets none.
        update_every: Solve anew every so many steps, and use the last weights in between.
    """

    card = Card(
        title="Nash-MTL",
        formula="G w = 1 / w elementwise, w > 0; direction w^T J, shortened to max_norm",
        source="Navon et al. (2022), Multi-Task Learning as a Bargaining Game, Claim 3.1",
        departures="Solved to machine precision, so no warm start; the state is the last weights and their age, where they are kept for several steps. The preference enters as exponents of the bargaining.",
        peers=(
            "TorchJD, LibMTL and the authors': 20 rounds of a convex-concave procedure by ECOS with warm start; an unbounded subproblem leaves all weights at 1 without a word; m = 1 and a zero Jacobian fail",
            "LibMTL and the authors' clip the shared gradient afterwards, so heads keep unclipped weights",
        ),
        cost="5 to 10 linear systems of O(m^3) a lane",
    )
    own_preference: ClassVar[bool] = True

    max_norm: float = lane_option(1.0)
    update_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "update_every", least=1)
        check_option(self, "max_norm", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return no state where every step solves anew, else the last weights and their age."""
        if self.update_every == 1:
            return {}
        return {
            "weights": shapes.per_task(1.0, dtype=torch.float64),
            "age": shapes.counts(),
        }

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights, limited in the direction's length, and the next state."""
        lanes = clean(gramian_of(self, signals))
        gramian = lanes.matrix
        shares = None
        if signals.preference is not None:
            shares = signals.preference.to(torch.float64) * gramian.shape[-1]
        weights = power_root(gramian, 1.0, precision=lanes.precision, rounds=28, shares=shares)
        if state:
            due = (state["age"] % self.update_every == 0).unsqueeze(-1)
            weights = torch.where(due, weights, state["weights"])
            after = {"weights": weights, "age": state["age"] + 1}
            state = keep_bad_lanes(lanes.finite, state, after)
        limit = lane(self.max_norm, gramian)
        length = (weights * apply(gramian, weights)).sum(-1, keepdim=True).clamp(min=0).sqrt()
        shorten = (limit > 0) & (length > limit)
        return lanes.restore(weights * torch.where(shorten, limit / length, 1.0)), state
