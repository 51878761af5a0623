"""Which kind of lanes a problem's runs are."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.analytic import AnalyticLanes
from paretomtl.engine.lanes.base import Lanes
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.errors import BadInput
from paretomtl.problems.base import AnalyticProblem, NeuralProblem, Problem
from paretomtl.sweep.settings import Settings


def stacked(
    problem: Problem,
    lanes: Sequence[Lane],
    settings: Settings,
    *,
    dtype: torch.dtype,
    device: torch.device,
) -> Lanes:
    """Stack one copy of the problem for each seed, and each member of a set.

    Raises:
        BadInput: The problem has no gradients, or is neither a formula nor a network.
        Unfit: The network cannot be stacked.
    """
    seeds, members = [lane.seed for lane in lanes], [lane.member for lane in lanes]
    if isinstance(problem, AnalyticProblem):
        if not problem.card.differentiable:
            raise BadInput(
                f"problem {problem.name!r} is not differentiable: gradient methods cannot run on it."
            )
        return AnalyticLanes(problem, seeds, members=members, dtype=dtype, device=device)
    if isinstance(problem, NeuralProblem):
        return NeuralLanes(
            problem,
            seeds,
            members=members,
            batch_size=settings.batch_size,
            dtype=dtype,
            device=device,
            mixed=settings.precision == "bfloat16",
        )
    raise BadInput(
        f"{type(problem).__name__} must derive from AnalyticProblem or NeuralProblem to be run."
    )
