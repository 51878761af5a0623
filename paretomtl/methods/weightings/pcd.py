"""PCD: follow the primary task as closely as promised progress on the others allows."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from paretomtl.aggregation.lanes import apply, clean
from paretomtl.aggregation.least_distance import shortest_satisfying
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, lane
from paretomtl.shapes import Weights


@methods.register("pcd")
@dataclass(frozen=True, kw_only=True, eq=False)
class PCD(Weighting):
    """The direction nearest to the first task's gradient that keeps a share of progress on every other.

    Gradients are normalized by moving averages of their lengths; the answer is as long as the first
    task's gradient. Where the promises contradict each other, it is that gradient. The order of the
    tasks matters: the first is primary.

    Args:
        tau: The share of its own normalized first-order progress promised to each other task, in [0, 1].
        beta: Share of the past in the moving averages, in [0, 1).
        epsilon: Added to the averaged squared lengths, >= 0.
    """

    card = Card(
        title="PCD",
        formula="d = argmin |d - g~_1| subject to g~_j.d >= tau |g~_j|^2, j > 1; then as long as g_1; g~ = g / sqrt(EMA |g|^2 + epsilon)",
        source="Transactions on Machine Learning Research (2026), arXiv 2606.29521",
        departures="Solved as a least-distance program by the batched active set. The preference, which scales rows, changes the length of the direction alone.",
        peers=("TorchJD: the same, by a dual active set, one problem at a time on the CPU",),
        cost="one quadratic program of O(m^3) a lane",
    )

    tau: float = lane_option(0.02)
    beta: float = lane_option(0.999)
    epsilon: float = lane_option(1e-8)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "tau", "a number in [0, 1]", lambda v: (v >= 0) & (v <= 1))
        check_option(self, "beta", "a number in [0, 1)", lambda v: (v >= 0) & (v < 1))
        check_option(self, "epsilon", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return empty averages: the sum of the squared lengths so far and of their shares."""
        squares = shapes.per_task(0.0, dtype=torch.float64)
        return {"squares": squares, "shares": squares[..., :1].clone()}

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights and the next averages; a bad lane keeps its averages."""
        lanes = clean(gramian_of(self, signals))
        diagonal = lanes.matrix.diagonal(dim1=-2, dim2=-1).clamp(min=0)
        beta = lane(self.beta, diagonal)
        squares = beta * state["squares"] + (1 - beta) * diagonal
        shares = beta * state["shares"] + (1 - beta)
        after = keep_bad_lanes(lanes.finite, state, {"squares": squares, "shares": shares})
        average = squares / shares + lane(self.epsilon, diagonal)
        scale = torch.where(average > 0, 1 / average.sqrt(), 0.0)
        normalized = scale.unsqueeze(-1) * lanes.matrix * scale.unsqueeze(-2)
        first, others = normalized[..., 0, 1:], normalized[..., 1:, 1:]
        combination = torch.ones_like(diagonal)
        if others.shape[-1]:
            promised = lane(self.tau, diagonal) * others.diagonal(dim1=-2, dim2=-1)
            multipliers, _ = shortest_satisfying(
                others, promised - first, precision=lanes.precision
            )
            combination = torch.cat((combination[..., :1], multipliers), -1)
        image = apply(normalized, combination)
        square = (combination * image).sum(-1, keepdim=True)
        sizes = (combination * normalized.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()).sum(
            -1, keepdim=True
        )
        # Where the promises contradict each other the program has no solution, and its multipliers grow
        # along a ray on which the combination cancels. What is then left of |d|^2 is rounding of terms
        # that are each as large as `sizes`, and dividing by it would make a direction of it.
        usable = square > 10 * lanes.precision * sizes.square()
        length = torch.where(usable, (diagonal[..., :1] / square).sqrt(), 0.0)
        return lanes.restore(combination * scale * length), after
