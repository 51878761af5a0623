"""GradVac: turn conflicting gradients until their cosines reach a moving average of past ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from paretomtl.aggregation import surgery
from paretomtl.aggregation.lanes import clean
from paretomtl.methods.base import (
    Card,
    LaneShapes,
    Signals,
    State,
    Weighting,
    by_options,
    lane_option,
    methods,
)
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, choose, lane
from paretomtl.methods.signals import keys_of
from paretomtl.shapes import Weights


@methods.register("gradvac")
@dataclass(frozen=True, kw_only=True, eq=False)
class GradVac(Weighting):
    """Each gradient, turned towards originals whose cosine lies below its moving average; summed.

    With targets that stay at zero (beta = 0) it is PCGrad. The state holds one target cosine a pair.

    Args:
        beta: Weight of the new cosine in the moving average, in [0, 1].
        epsilon: Added to the divisors; 0 leaves the paper's formula exact for short gradients.
        order: "random" draws an order a task, a lane and a step; "ascending" visits tasks by number.
    """

    card = Card(
        title="GradVac",
        formula="v_i += |v_i| (t sqrt(1-c^2) - c sqrt(1-t^2)) / (|g_j| sqrt(1-t^2)) g_j where c = cos(v_i, g_j) < t; t <- (1-beta) t + beta c",
        source="Wang et al. (2021), Gradient Vaccine, Equation 3 and Algorithm 1",
        departures="beta = 0.5 as in both libraries, not the paper's 0.01. Whole gradients, one group. A target of cosine one asks for nothing.",
        peers=(
            "TorchJD: the same, 1e-8 in the divisors, orders from torch's global generator",
            "LibMTL: groups whole, layer or matrix; reports weights 1; no guard for cosines beyond 1",
        ),
        cost="O(m^3) a lane",
    )
    random: ClassVar[bool] = by_options(lambda self: self.order == "random", default=True)
    """The paper's own order alone is drawn."""

    beta: float = lane_option(0.5)
    epsilon: float = 0.0
    order: Literal["random", "ascending"] = "random"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "order", ("random", "ascending"))
        check_option(self, "beta", "a number in [0, 1]", lambda v: (v >= 0) & (v <= 1))
        check_option(self, "epsilon", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return target cosines of zero."""
        return {"targets": shapes.full(0.0, shapes.n_tasks, shapes.n_tasks, dtype=torch.float64)}

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights and the moved targets; a bad lane keeps its targets."""
        lanes = clean(gramian_of(self, signals))
        m = lanes.matrix.shape[-1]
        if self.order == "random":
            order = surgery.random_orders(keys_of(self, signals), signals.steps, m)
        else:
            order = surgery.ascending_order(m, device=lanes.matrix.device)
        coefficients, targets = surgery.vaccinate(
            lanes.matrix,
            state["targets"],
            order,
            decay=lane(self.beta, lanes.matrix),
            epsilon=self.epsilon,
        )
        after = keep_bad_lanes(lanes.finite, state, {"targets": targets})
        return lanes.restore(coefficients.sum(-2)), after
