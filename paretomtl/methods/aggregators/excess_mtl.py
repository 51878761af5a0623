"""ExcessMTL: weights that follow the excess risks, estimated from the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

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
from paretomtl.methods.option_values import check_option, choose, count, lane


@methods.register("excess_mtl")
@dataclass(frozen=True, kw_only=True, eq=False)
class ExcessMTL(Aggregator):
    """Multiplicative weights on the tasks' excess risks, as seen by a diagonal curvature estimate.

    Args:
        step_size: eta, >= 0.
        warmup: First steps with equal weights; the excess risks of the last of them are the scale of the
            later ones. 0 moves the weights at the first step already, by its risks as they are.
        total: Sum of the weights: "one", or "tasks" (m).
        eps: Added to the first excess risks that are divided by, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="ExcessMTL",
        formula=(
            "S_i <- S_i + g_i^2; E_i = sum_k g_ik^2 / sqrt(S_ik + 1e-7); w_i <- w_i exp(eta E_i / E_i(0)), "
            "divided by their sum"
        ),
        source="He et al. 2024, Robust Multi-Task Learning with Excess Risks, Algorithm 1",
        departures=(
            "Weights are kept as logarithms. A task whose first excess risk is zero counts with the scale "
            "1, where LibMTL gives NaN."
        ),
        peers=(
            "TorchJD ExcessMTL: step_size = 1, warmup = 0, eps = 1e-7.",
            "LibMTL ExcessMTL: step_size = 0.01, warmup = 1, total = 'tasks'.",
        ),
        cost="O(m n), and a state of the Jacobian's size",
    )

    step_size: float = lane_option(0.01)
    warmup: int = 1
    total: Literal["one", "tasks"] = "one"
    eps: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "step_size", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        count(self, "warmup", least=0)
        check_option(self, "eps", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        choose(self, "total", ("one", "tasks"))

    def init(self, shapes: LaneShapes) -> State:
        """Return no squares, equal weights, and scales of one."""
        zeros = shapes.per_task(0.0)
        return {
            "squares": shapes.per_parameter(self.name),
            "log_weights": zeros,
            "initial": torch.ones_like(zeros),
            "steps": shapes.counts(),
        }

    def aggregate(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the weighted sum of the rows, and the state with them counted in."""
        rows = jacobian_of(self, signals)
        square = rows.square()
        squares = state["squares"] + square
        excess = (square / (squares + 1e-7).sqrt()).sum(-1)
        steps = state["steps"].unsqueeze(-1)
        scale = torch.where(excess > 0, excess + self.eps, 1.0)
        recorded = torch.where(steps == max(self.warmup - 1, 0), scale, state["initial"])
        moved = state["log_weights"] + lane(self.step_size, excess) * excess / state["initial"]
        log_weights = torch.where(steps < self.warmup, state["log_weights"], moved)
        log_weights = torch.log_softmax(log_weights, -1)
        weights = torch.exp(log_weights)
        if self.total == "tasks" and self.scale == "paper":
            weights = weights * rows.shape[-2]
        return combine(weights, rows), {
            "squares": squares,
            "log_weights": log_weights,
            "initial": recorded,
            "steps": state["steps"] + 1,
        }
