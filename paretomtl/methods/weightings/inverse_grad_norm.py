"""Inverse gradient norms as loss weights, smoothed over the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, lane
from paretomtl.methods.signals import emphasize
from paretomtl.shapes import Weights


@methods.register("inverse_grad_norm")
@dataclass(frozen=True, kw_only=True, eq=False)
class InverseGradNorm(Weighting):
    """Each task weighted by one over a moving average of its gradient's length.

    With beta = 0 all weighted gradients have length one, as in `grad_normalization`; smoothing keeps one
    short gradient of a minibatch from being blown up. A task whose average is zero gets weight 0. A
    preference multiplies the weights by m times itself.

    Args:
        beta: Share of the past in the moving average, in [0, 1); corrected for its start.
    """

    card = Card(
        title="Inverse gradient norm",
        formula="w_i = 1 / m_i, m_i <- beta m_i + (1 - beta) |g_i|, divided by 1 - beta^t",
        source="Su (2022), notes on multi-task learning; the loss-weight form of gradient normalization",
        cost="O(m) a lane",
    )

    own_preference: ClassVar[bool] = True

    beta: float = lane_option(0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "beta", "a number in [0, 1)", lambda v: (v >= 0) & (v < 1))

    def init(self, shapes: LaneShapes) -> State:
        """Return an empty average: the sum of the lengths so far and of their shares."""
        return {
            "lengths": shapes.per_task(dtype=torch.float64),
            "shares": shapes.full(0.0, 1, dtype=torch.float64),
        }

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights and the next averages; a bad lane keeps its averages."""
        lanes = clean(gramian_of(self, signals))
        length = lanes.matrix.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        beta = lane(self.beta, length)
        lengths = beta * state["lengths"] + (1 - beta) * length
        shares = beta * state["shares"] + (1 - beta)
        after = keep_bad_lanes(lanes.finite, state, {"lengths": lengths, "shares": shares})
        weights = torch.where(lengths > 0, shares / lengths, 0.0)
        return emphasize(lanes.restore(weights), signals), after
