"""Hypervolume gradient: a set of points that climbs its own hypervolume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.hypervolume_gradient import front_ranks, hypervolume_gradient
from paretomtl.aggregation.linalg import length
from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    Card,
    LaneShapes,
    SetMethod,
    Signals,
    State,
    methods,
    task_option,
    unit_sum,
)
from paretomtl.methods.option_values import PerTask, check_option, choose
from paretomtl.methods.signals import losses_of
from paretomtl.shapes import Weights

_MOST_NUMBERS = 100_000_000
"""Of a step in memory, several times over: the cost grows with the power m - 1 of the members."""


@methods.register("hv_gradient")
@dataclass(frozen=True, kw_only=True, eq=False)
class HVGradient(SetMethod):
    """Each member of a set descends the losses by which the set's hypervolume gains most.

    Members are sorted into non-dominated fronts, each with a hypervolume of its own, so that dominated
    members move too. A member that does not lie below the reference point descends the losses that
    exceed it. A member whose losses are not finite gets NaN weights and counts for no other. Preferences
    are not used.

    Args:
        reference: The reference point, one number for all tasks or one a task; None takes, from the first
            step, the set's largest losses plus a tenth of their range.
        normalize: Give every member's weights unit length, so that members with small contributions keep
            pace; False leaves the plain gradient.
    """

    card = Card(
        title="Hypervolume gradient",
        formula="w_ik = - dHV / dL_k(x_i) over the member's own front, divided by its length",
        source="Deist et al. (2021), Multi-Objective Learning to Predict Pareto Fronts Using Hypervolume Maximization; Emmerich et al. (2007)",
        departures="Of identical members the first takes the gradient, the others descend the sum of the losses.",
        peers=("LibMOON: HVGrad, by the authors' NumPy code",),
        cost="O(n^(m-1)) a member in a set of n",
    )
    reads_losses: ClassVar[bool] = True

    reference: PerTask | None = task_option(None)
    normalize: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "normalize", (True, False))
        if self.reference is not None:
            check_option(self, "reference", "a finite number, or one a task", torch.isfinite)
            if isinstance(self.reference, Tensor):
                raise BadInput(
                    "hv_gradient: `reference` must be a finite number, or one a task, the same for all "
                    f"sets; found shape {list(self.reference.shape)}."
                )

    def init(self, shapes: LaneShapes) -> State:
        """Return the reference point of each member's set, NaN where the first step must set it.

        Raises:
            BadInput: `reference` has another number of entries than there are tasks.
        """
        unknown = shapes.per_task(torch.nan, dtype=torch.float64)
        if self.reference is None:
            return {"reference": unknown}
        point = torch.as_tensor(self.reference, dtype=torch.float64, device=shapes.device)
        if point.ndim == 1 and len(point) != shapes.n_tasks:
            raise BadInput(
                f"`reference` has {len(point)} numbers, but there are {shapes.n_tasks} tasks."
            )
        return {"reference": point.expand_as(unknown).clone()}

    def step(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights of every member, [*sets, members, m], and the reference point.

        Raises:
            BadInput: The sets have so many members and objectives that their volumes do not fit.
        """
        given = losses_of(self, signals)
        _check_size(*given.shape[-2:], n_sets=given.shape[:-2].numel())
        losses = given.to(torch.float64)
        finite = losses.isfinite().all(-1)
        reference = torch.where(
            state["reference"].isnan(), _beyond(losses, finite), state["reference"]
        )
        losses = torch.where(finite.unsqueeze(-1), losses, reference)
        sides = reference - losses
        counted = (sides > 0).all(-1) & finite
        weights = hypervolume_gradient(sides, front_ranks(losses, counted))
        lost = (weights.sum(-1, keepdim=True) == 0) & counted.unsqueeze(-1)
        exceeds = (sides <= 0).to(torch.float64)
        weights = torch.where(counted.unsqueeze(-1), weights, exceeds)
        weights = torch.where(lost, 1.0, weights)
        if self.normalize:
            weights = weights / length(weights)
        if self.scale == "unit_sum":
            weights = unit_sum(weights)
        weights = torch.where(finite.unsqueeze(-1), weights, torch.nan)
        return weights.to(given.dtype), {"reference": reference}


def _check_size(members: int, m: int, *, n_sets: int) -> None:
    numbers = n_sets * members ** max(m - 1, 2)
    if numbers > _MOST_NUMBERS:
        raise BadInput(
            f"hv_gradient cuts the volume of {n_sets} x {members} members with {m} objectives into about "
            f"{numbers:.1e} numbers, and {_MOST_NUMBERS:.0e} is the most it takes; use fewer members in "
            "a set, or fewer sets at a time."
        )


def _beyond(losses: Tensor, finite: Tensor) -> Tensor:
    """Return a point a tenth of the range beyond the set's largest losses, for every member."""
    mask = finite.unsqueeze(-1)
    highest = torch.where(mask, losses, -torch.inf).amax(-2, keepdim=True)
    lowest = torch.where(mask, losses, torch.inf).amin(-2, keepdim=True)
    spread = highest - lowest
    spread = torch.where(spread > 0, spread, highest.abs().clamp(min=1.0))
    point = torch.where(highest.isfinite(), highest + 0.1 * spread, 1.0)
    return point.expand_as(losses)
