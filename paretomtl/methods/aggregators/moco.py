"""MoCo: stochastic multi-gradient descent with tracked gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from paretomtl.aggregation.simplex import project_on_simplex
from paretomtl.methods.base import (
    Aggregator,
    Card,
    LaneShapes,
    Signals,
    State,
    by_options,
    lane_option,
    methods,
)
from paretomtl.methods.jacobian import combine, jacobian_of
from paretomtl.methods.option_values import check_option, choose, lane
from paretomtl.methods.signals import emphasize, losses_of


@methods.register("moco")
@dataclass(frozen=True, kw_only=True, eq=False)
class MoCo(Aggregator):
    """Min-norm weights followed by small steps on moving averages of the gradients.

    Step lengths at step k = 1, 2, ... are `beta / k^beta_decay` and `weight_step / k^weight_step_decay`.

    Args:
        beta: Step of the tracked gradients, in (0, 1].
        beta_decay: Its decay exponent, >= 0.
        weight_step: Step of the weights, > 0, gamma in the source; it acts on squared lengths, so it
            depends on the units.
        weight_step_decay: Its decay exponent, >= 0.
        rho: Regularisation of the weights, >= 0.
        normalize: Replace gradient i by `L_i g_i / |g_i|` first.
        weights_by: How the weights come back to the simplex: "projection" (the paper) or "softmax",
            which makes them nearly equal at every step.
    """

    card: ClassVar[Card] = Card(
        title="MoCo",
        formula="y_i <- y_i - beta_k (y_i - h_i); lambda <- P(lambda - s_k (Y Y^T + rho I) lambda); d = Y^T lambda",
        source="Fernando et al. 2023, Mitigating Gradient Bias in Multi-objective Learning, Algorithm 1",
        departures=(
            "Uses the true projection and the plain gradients unless options say otherwise. m p_i multiplies h_i, "
            "after it was normalized."
        ),
        peers=(
            (
                "LibMTL MoCo: normalize = True, weights_by = 'softmax'; "
                "beta = 0.5, weight_step = 0.1, both decay 0.5, rho = 0 (our defaults)."
            ),
            "Authors' code: beta = 0.99, weight_step = 0.1, no decay. TorchJD: absent.",
        ),
        cost="O(m^2 n), and a state of the Jacobian's size",
    )

    own_preference: ClassVar[bool] = True
    # the losses are read only where the gradients are scaled by them, and negative ones would turn
    # the gradients around
    reads_losses: ClassVar[bool] = by_options(lambda self: self.normalize, default=False)
    needs_positive_losses: ClassVar[bool] = by_options(lambda self: self.normalize, default=False)
    renamed: ClassVar[Mapping[str, str]] = {
        "gamma": "weight_step",
        "gamma_decay": "weight_step_decay",
    }

    beta: float = lane_option(0.5)
    beta_decay: float = lane_option(0.5)
    weight_step: float = lane_option(0.1)
    weight_step_decay: float = lane_option(0.5)
    rho: float = lane_option(0.0)
    normalize: bool = False
    weights_by: Literal["projection", "softmax"] = "projection"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "beta", "a number in (0, 1]", lambda v: (v > 0) & (v <= 1))
        check_option(self, "weight_step", "a finite number > 0", lambda v: (v > 0) & v.isfinite())
        for name in ("beta_decay", "weight_step_decay", "rho"):
            check_option(self, name, "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        choose(self, "normalize", (True, False))
        choose(self, "weights_by", ("projection", "softmax"))

    def init(self, shapes: LaneShapes) -> State:
        """Return tracked gradients of zero and equal weights."""
        return {
            "tracked": shapes.per_parameter(self.name),
            "weights": shapes.per_task(1 / shapes.n_tasks),
            "steps": shapes.counts(),
        }

    def aggregate(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the weighted sum of the tracked gradients, and the state after this step."""
        rows = jacobian_of(self, signals)
        if self.normalize:
            length = rows.square().sum(-1, keepdim=True).sqrt()
            unit = rows / torch.where(length > 0, length, 1.0)
            losses = losses_of(self, signals)
            rows = torch.where(losses < 0, torch.nan, losses).unsqueeze(-1) * unit
        rows = emphasize(torch.ones_like(rows[..., 0]), signals).unsqueeze(-1) * rows
        step = (state["steps"] + 1).to(rows.dtype).unsqueeze(-1)
        beta = decayed(self.beta, self.beta_decay, step)
        weight_step = decayed(self.weight_step, self.weight_step_decay, step)
        tracked = state["tracked"] - beta.unsqueeze(-1) * (state["tracked"] - rows)
        weights = state["weights"]
        slope = (tracked * combine(weights, tracked).unsqueeze(-2)).sum(-1)
        moved = weights - weight_step * (slope + lane(self.rho, weights) * weights)
        to_simplex = project_on_simplex if self.weights_by == "projection" else _softmax
        weights = to_simplex(moved)
        return combine(weights, tracked), {
            "tracked": tracked,
            "weights": weights,
            "steps": state["steps"] + 1,
        }


def decayed(value: float | Tensor, exponent: float | Tensor, step: Tensor) -> Tensor:
    """Return `value / step^exponent`, [*batch, 1]; by exp and log, since pow rounds by position."""
    return lane(value, step) * torch.exp(-lane(exponent, step) * step.log())


def _softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, -1)
