"""DB-MTL: log losses and gradients of equal length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.methods.aggregators.moco import decayed
from paretomtl.methods.base import (
    Aggregator,
    Card,
    LaneShapes,
    Signals,
    State,
    lane_option,
    methods,
)
from paretomtl.methods.jacobian import combine, jacobian_of
from paretomtl.methods.option_values import check_option
from paretomtl.methods.signals import emphasize, losses_of


@methods.register("db_mtl")
@dataclass(frozen=True, kw_only=True, eq=False)
class DBMTL(Aggregator):
    """Averaged gradients of the log losses, all brought to the length of the longest, summed.

    At step k = 1, 2, ... the average keeps the share `beta / k^beta_decay`; it starts from zero.

    Args:
        beta: Share kept at the first step, in [0, 1].
        beta_decay: Decay exponent of that share, >= 0.
        eps: Added to the lengths that are divided by, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="DB-MTL (dual balancing)",
        formula="y_i <- g_i + beta_k (y_i - g_i), g_i the gradient of log(L_i + 1e-8); d = sum_i (max_j |y_j| / |y_i|) y_i",
        source="Lin et al. 2023, Dual-Balancing for Multi-Task Learning, Algorithm 1",
        departures=(
            "A task whose averaged gradient is zero adds nothing. m p_i multiplies the balanced terms: "
            "the balance would undo it on the rows."
        ),
        peers=(
            (
                "LibMTL DB_MTL: eps = 1e-8, which shortens gradients of that order; beta = 0.9, beta_decay = 0 "
                "(our defaults); reports weights of 1."
            ),
            "TorchJD: absent.",
        ),
        cost="O(m n), and a state of the Jacobian's size",
    )
    reads_losses: ClassVar[bool] = True
    needs_positive_losses: ClassVar[bool] = True
    own_preference: ClassVar[bool] = True

    beta: float = lane_option(0.9)
    beta_decay: float = lane_option(0.0)
    eps: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "beta", "a number in [0, 1]", lambda v: (v >= 0) & (v <= 1))
        check_option(self, "beta_decay", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        check_option(self, "eps", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return averages of zero."""
        return {
            "average": shapes.per_parameter(self.name),
            "steps": shapes.counts(),
        }

    def aggregate(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the balanced sum, and the averages after this step."""
        losses = losses_of(self, signals)
        rows = jacobian_of(self, signals) / (losses + 1e-8).unsqueeze(-1)
        step = (state["steps"] + 1).to(rows.dtype).unsqueeze(-1)
        kept = decayed(self.beta, self.beta_decay, step).unsqueeze(-1)
        # Written from the new rows, not from the average: at `kept` = 0 the average is exactly the rows,
        # and at `kept` = 1 a first step from zero leaves zero, as in the source. The two ways to write
        # it differ in rounding alone.
        average = rows + kept * (state["average"] - rows)
        length = average.square().sum(-1).sqrt()
        longest = length.amax(-1, keepdim=True)
        divisor = torch.where(length > 0, length + self.eps, 1.0)
        weights = torch.where(length > 0, longest / divisor, 0.0)
        weights = emphasize(weights, signals)
        if self.scale == "unit_sum":
            total = weights.sum(-1, keepdim=True)
            weights = weights / torch.where(total > 0, total, 1.0)
        return combine(weights, average), {"average": average, "steps": state["steps"] + 1}
