"""GradNorm: weights learned so that all tasks train at similar rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, lane
from paretomtl.methods.signals import losses_of
from paretomtl.shapes import Weights


@methods.register("gradnorm")
@dataclass(frozen=True, kw_only=True, eq=False)
class GradNorm(Weighting):
    """Weights that sum to m, moved until the weighted gradient lengths follow the tasks' training rates.

    Weight i aims at a length of `Gbar r_i^alpha`, where r_i is the loss relative to its first value,
    divided by the tasks' mean of that. The division by the mean and the fixed sum keep the weights from
    collapsing. Gradients are those of all shared parameters.

    Args:
        alpha: How strongly slow tasks are favored; 0 equalizes the lengths.
        lr: Step length of the weights' logarithms, > 0, per unit of relative imbalance.
    """

    card = Card(
        title="GradNorm",
        formula="w = m softmax(s); s <- s - lr d/ds sum_i |w_i |g_i| - Gbar r_i^alpha| / Gbar, Gbar = mean w_i |g_i| and the target held fixed, r_i = (L_i / L_i(0)) / mean_j(L_j / L_j(0))",
        source="Chen et al. (2018), GradNorm, Equations 1 and 2",
        departures="Weights by a softmax, so they stay positive with sum m; the objective is divided by Gbar, so that lr has no unit. L(0) is the first step's loss.",
        peers=(
            "LibMTL: the softmax too; L(0) is the mean of the first epoch, in which weights stay equal; s shares the network's optimizer",
            "The paper: gradients of the last shared layer, weights renormalized after each step of their own optimizer",
        ),
        cost="O(m) a lane",
    )
    reads_losses: ClassVar[bool] = True
    needs_positive_losses: ClassVar[bool] = True

    alpha: float = lane_option(1.5)
    lr: float = lane_option(0.025)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "alpha", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        check_option(self, "lr", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return equal weights, and NaN first losses that the first step replaces."""
        zeros = shapes.per_task(0.0, dtype=torch.float64)
        return {"logits": zeros, "first": torch.full_like(zeros, torch.nan)}

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights before this step's move, and the moved state; a bad lane keeps its own."""
        lanes = clean(gramian_of(self, signals))
        losses = losses_of(self, signals).to(torch.float64)
        good = lanes.finite & losses.isfinite().all(-1)
        losses = torch.where(good.unsqueeze(-1), losses, 1.0)
        first = torch.where(state["first"].isnan(), losses, state["first"])
        share = state["logits"].softmax(-1)
        weights = share * share.shape[-1]
        slope = self.slope(weights, lanes.matrix.diagonal(dim1=-2, dim2=-1), losses / first)
        logits = state["logits"] - lane(self.lr, losses) * slope
        after = keep_bad_lanes(good, state, {"logits": logits, "first": first})
        return lanes.only(good).restore(weights), after

    def slope(
        self, weights: Weights, squares: torch.Tensor, progress: torch.Tensor
    ) -> torch.Tensor:
        """Return the derivative of the relative imbalance by the logits.

        Args:
            weights: The weights now.
            squares: Squared lengths of the gradients.
            progress: Losses relative to their first values.
        """
        length = squares.clamp(min=0).sqrt()
        weighted = weights * length
        mean = weighted.mean(-1, keepdim=True)
        rate = progress / progress.mean(-1, keepdim=True)
        target = mean * (lane(self.alpha, rate) * rate.log()).exp()
        # The target is held fixed, as the paper demands: were Gbar to move with the weights, shrinking
        # all of them would count as progress. The last line is the chain rule through w = m softmax(s),
        # which takes the mean out, so that the sum of the logits stays where it is.
        by_weight = (weighted - target).sign() * length / torch.where(mean > 0, mean, 1.0)
        share = weights / weights.shape[-1]
        return weights * (by_weight - (share * by_weight).sum(-1, keepdim=True))
