"""MGDA on noisy gradients: MoDo and SDMGrad move their weights by double sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import apply, clean
from paretomtl.aggregation.simplex import project_on_simplex
from paretomtl.methods.base import (
    Card,
    LaneShapes,
    Signals,
    State,
    Weighting,
    lane_option,
    methods,
)
from paretomtl.methods.gramian import cross_gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, count, lane
from paretomtl.shapes import Weights


def _uniform(shapes: LaneShapes) -> Tensor:
    return shapes.per_task(1 / shapes.n_tasks, dtype=torch.float64)


@methods.register("modo")
@dataclass(frozen=True, kw_only=True, eq=False)
class MoDo(Weighting):
    """Weights that follow MGDA's problem by one projected gradient step a step, unbiased by noise.

    The gradient of `w^T G w` is estimated from two independent minibatches. Not indifferent to scale:
    `weight_step` times the squared length of the gradients is the step.

    Args:
        weight_step: Step length of the weights, > 0; gamma in the source.
        rho: Regularization, >= 0.
    """

    card = Card(
        title="MoDo",
        formula="w <- P(w - s (J1 J2^T w + rho w)), P the projection on the simplex, s the step length",
        source="Chen et al. (2023), Three-Way Trade-Off in Multi-Objective Learning, Equation 2.9",
        peers=(
            "TorchJD: weight_step = 0.1 (our default)",
            "LibMTL: weight_step = 1e-3, three minibatches, head gradients divided by 3",
        ),
        cost="O(m^2) a lane; gradients of two minibatches",
    )
    minibatches: ClassVar[int] = 2
    renamed: ClassVar[Mapping[str, str]] = {"gamma": "weight_step"}

    weight_step: float = lane_option(0.1)
    rho: float = lane_option(0.1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "weight_step", "a finite number > 0", lambda v: (v > 0) & v.isfinite())
        check_option(self, "rho", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return uniform weights."""
        return {"weights": _uniform(shapes)}

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights after one step, which are the next state; a bad lane keeps its own."""
        lanes = clean(cross_gramian_of(self, signals))
        before = state["weights"]
        weight_step, rho = lane(self.weight_step, before), lane(self.rho, before)
        slope = apply(lanes.matrix, before) + rho * before
        weights = project_on_simplex(before - weight_step * slope)
        after = keep_bad_lanes(lanes.finite, state, {"weights": weights})
        return lanes.restore(weights), after


@methods.register("sdmgrad")
@dataclass(frozen=True, kw_only=True, eq=False)
class SDMGrad(Weighting):
    """MGDA drawn towards the preferred direction, by inner projected steps on two minibatches.

    Args:
        lambda_: Strength of the pull towards the preference, >= 0.
        lr: Step length of the inner steps, > 0, relative to the mean gradient length squared.
        momentum: Of the inner steps, in [0, 1).
        n_iter: Inner steps a step.
        epsilon: Added to the squared scale; 0 keeps the method indifferent to scale.
    """

    card = Card(
        title="SDMGrad",
        formula="n_iter times w <- P(w - lr v), v <- momentum v + A (w + lambda p), A = J1 J2^T / s^2, s = mean sqrt diag; weights (w + lambda p) / (1 + lambda)",
        source="Xiao et al. (2023), Direction-oriented Multi-objective Learning, Algorithm 1",
        departures="The preference is p, not a scaling of rows.",
        peers=("TorchJD: lr = 10 (our default), epsilon = 1e-8", "LibMTL: lr = 5"),
        cost="O(n_iter m^2) a lane; gradients of two minibatches",
    )
    own_preference: ClassVar[bool] = True
    minibatches: ClassVar[int] = 2

    lambda_: float = lane_option(0.3)
    lr: float = lane_option(10.0)
    momentum: float = lane_option(0.5)
    n_iter: int = 20
    epsilon: float = lane_option(0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "n_iter", least=1)
        check_option(self, "lambda_", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        check_option(self, "lr", "a finite number > 0", lambda v: (v > 0) & v.isfinite())
        check_option(self, "momentum", "a number in [0, 1)", lambda v: (v >= 0) & (v < 1))
        check_option(self, "epsilon", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return uniform weights."""
        return {"weights": _uniform(shapes)}

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights mixed with the preference, and the inner weights; a bad lane keeps its own."""
        lanes = clean(cross_gramian_of(self, signals))
        w = state["weights"]
        strength, lr, momentum = lane(self.lambda_, w), lane(self.lr, w), lane(self.momentum, w)
        preference = torch.full_like(w, 1 / w.shape[-1])
        if signals.preference is not None:
            preference = signals.preference.to(torch.float64)
        lengths = lanes.matrix.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        square = lengths.mean(-1, keepdim=True).square() + lane(self.epsilon, w)
        matrix = lanes.matrix / torch.where(square > 0, square, 1.0).unsqueeze(-1)
        velocity = torch.zeros_like(w)
        for _ in range(self.n_iter):
            velocity = momentum * velocity + apply(matrix, w + strength * preference)
            w = project_on_simplex(w - lr * velocity)
        after = keep_bad_lanes(lanes.finite, state, {"weights": w})
        return lanes.restore((w + strength * preference) / (1 + strength)), after
