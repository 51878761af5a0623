"""K copies of one problem, advancing together: what the loop needs of them and nothing more.

Runs are independent, so one backward pass through the sum over lanes gives each lane's own gradient.
`parameters` are plain tensors with the lanes in front, updated in place by the optimizer.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from paretomtl.engine.phases import phase
from paretomtl.engine.seeding import generator
from paretomtl.errors import Unfit
from paretomtl.problem import AnalyticProblem

Sample: TypeAlias = tuple[Tensor, ...]
"""The minibatches of all lanes, each tensor [lanes, samples, ...]; empty where there is no data."""


class Lanes(ABC):
    """The stacked parameters of K runs of one problem, and how losses follow from them."""

    parameters: list[Tensor]
    shared: list[bool]
    """For each parameter, whether several tasks share it (their gradients define the Gramian)."""
    frozen: Sequence[Tensor] = ()
    """What differs between the lanes and is not trained, lanes in front."""
    n_lanes: int
    n_tasks: int
    evaluated_together: int = sys.maxsize
    """So many lanes are evaluated at once, at the most."""

    def draw(self) -> Sample:
        """Return the next minibatch of every lane; formulas have none."""
        return ()

    @abstractmethod
    def losses(self, sample: Sample) -> Tensor:
        """Return the losses on a minibatch, [lanes, m], with their graph."""

    @abstractmethod
    def jacobian(self, sample: Sample) -> tuple[Tensor, list[Tensor]]:
        """Return the losses [lanes, m] and, for each parameter, every task's gradient [lanes, m, p]."""

    @abstractmethod
    def evaluate(self) -> dict[str, Tensor]:
        """Return the losses on each split, split name to [lanes, m]."""

    @abstractmethod
    def finish(self) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return the final points [lanes, n] where they are kept, and the metrics of each lane."""

    def evaluation_cost(self, *, forward: int, backward: int) -> float:
        """Return what an evaluation costs, in steps of so many passes; formulas cost next to nothing."""
        return 0.0

    def select(self, rows: Tensor) -> None:
        """Go on with some of the lanes; their parameters are handed in afterwards."""
        self.n_lanes = len(rows)

    def check_shared(self) -> None:  # noqa: B027 - a formula's tasks share the point
        """Check that it is known what the tasks share."""

    def project(self) -> None:  # noqa: B027 - most parameters have no bounds
        """Put the parameters back into their bounds, where they have any."""

    def gradients(self, losses: Tensor, weights: Tensor) -> list[Tensor]:
        """Return the gradient of the weighted losses for each parameter: one backward pass."""
        return list(torch.autograd.grad(losses, self.parameters, weights.to(losses.dtype)))


class AnalyticLanes(Lanes):
    """Points in a box: one parameter, [lanes, n]."""

    def __init__(
        self,
        problem: AnalyticProblem,
        seeds: Sequence[int],
        *,
        members: Sequence[int] | None = None,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        origins = list(zip(seeds, members or [0] * len(seeds), strict=True))
        starts = {o: problem.start(origin(*o, "start")) for o in dict.fromkeys(origins)}
        x = torch.stack([starts[o] for o in origins]).to(dtype=dtype, device=device)
        lower, upper = (bound.to(device) for bound in _within(*problem.bounds, dtype))
        self._problem = problem
        self._bounds = None
        if _is_bounded(lower, upper):
            self._bounds = (lower, upper)
            x = x.clamp(lower, upper)  # a start may have been rounded out of the box
        self.parameters = [x.requires_grad_()]
        self.shared = [True]
        self.n_lanes, self.n_tasks = len(seeds), problem.n_objectives
        self._rows = torch.eye(self.n_tasks, dtype=dtype, device=device).unsqueeze(1)
        shape = list(problem.objectives(x.detach()).shape)
        if shape != [self.n_lanes, self.n_tasks]:
            raise Unfit(
                f"{problem.name!r}: its objectives of points {list(x.shape)} must be numbers "
                f"{[self.n_lanes, self.n_tasks]}, one row a point; found {shape}."
            )

    def losses(self, sample: Sample) -> Tensor:
        """Return the objectives at the current points."""
        return self._problem.objectives(self.parameters[0])

    def jacobian(self, sample: Sample) -> tuple[Tensor, list[Tensor]]:
        """Return the objectives and their gradients by x, [lanes, m, n]."""
        # One copy of the points for each task turns the m backward passes into a single call, which
        # is what counts while a step is bound by the number of tensor operations.
        m = self.n_tasks
        x = self.parameters[0]
        copies = x.detach().expand(m, *x.shape).requires_grad_()
        with phase("forward"):
            losses = self._problem.objectives(copies)
        rows = self._rows.expand(m, self.n_lanes, m)
        with phase("backward"):
            (gradient,) = torch.autograd.grad(losses, copies, rows)
        return losses[0], [gradient.transpose(0, 1)]

    @torch.no_grad()
    def evaluate(self) -> dict[str, Tensor]:
        """Return the objectives; a formula has one split, "test"."""
        return {"test": self._problem.objectives(self.parameters[0])}

    def finish(self) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return the points; a formula has no further figures."""
        return self.parameters[0].detach().clone(), [{} for _ in range(self.n_lanes)]

    @torch.no_grad()
    def project(self) -> None:
        """Clamp the points into the box."""
        if self._bounds is not None:
            self.parameters[0].clamp_(*self._bounds)


def origin(seed: int, member: int, purpose: str) -> torch.Generator:
    """Return the generator that a run's start or weights come from."""
    return generator(seed, purpose if member == 0 else f"{purpose} of member {member}")


def _within(lower: Tensor, upper: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return bounds in another floating-point type, rounded into the box and not out of it."""
    low, high = lower.to(dtype), upper.to(dtype)
    infinity = torch.tensor(torch.inf, dtype=dtype)
    low = torch.where(low.to(lower.dtype) < lower, low.nextafter(infinity), low)
    high = torch.where(high.to(upper.dtype) > upper, high.nextafter(-infinity), high)
    return low, high


def _is_bounded(lower: Tensor, upper: Tensor) -> bool:
    return bool(torch.isfinite(lower).any() or torch.isfinite(upper).any())
