"""Points of a formula as lanes: one parameter, [lanes, n], in a box."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from paretomtl.engine.lanes.base import Copies, Lanes, Sample
from paretomtl.engine.phases import phase
from paretomtl.engine.seeding import origin
from paretomtl.errors import Unfit
from paretomtl.problems.base import AnalyticProblem


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
        super().__init__(Copies([x.requires_grad_()], []))
        self.shared = [True]
        self.n_tasks = problem.n_objectives
        self._rows = torch.eye(self.n_tasks, dtype=dtype, device=device).unsqueeze(1)
        shape = list(problem.objectives(x.detach()).shape)
        if shape != [len(seeds), self.n_tasks]:
            raise Unfit(
                f"{problem.name!r}: its objectives of points {list(x.shape)} must be numbers "
                f"{[len(seeds), self.n_tasks]}, one row a point; found {shape}."
            )

    def losses(self, copies: Copies, sample: Sample) -> Tensor:
        """Return the objectives at the current points."""
        return self._problem.objectives(copies.trained[0])

    def jacobian(self, copies: Copies, sample: Sample) -> tuple[Tensor, list[Tensor]]:
        """Return the objectives and their gradients by x, [lanes, m, n]."""
        # One copy of the points for each task turns the m backward passes into a single call, which
        # is what counts while a step is bound by the number of tensor operations.
        m = self.n_tasks
        x = copies.trained[0]
        points = x.detach().expand(m, *x.shape).requires_grad_()
        with phase("forward"):
            losses = self._problem.objectives(points)
        rows = self._rows.expand(m, len(x), m)
        with phase("backward"):
            (gradient,) = torch.autograd.grad(losses, points, rows)
        return losses[0], [gradient.transpose(0, 1)]

    @torch.no_grad()
    def evaluate(self, copies: Copies) -> dict[str, Tensor]:
        """Return the objectives; a formula has one split, "test"."""
        return {"test": self._problem.objectives(copies.trained[0])}

    def finish(self, copies: Copies) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return the points; a formula has no further figures."""
        return copies.trained[0].detach().clone(), [{} for _ in range(copies.n_lanes)]

    @torch.no_grad()
    def project(self, copies: Copies) -> None:
        """Clamp the points into the box."""
        if self._bounds is not None:
            copies.trained[0].clamp_(*self._bounds)


def _within(lower: Tensor, upper: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return bounds in another floating-point type, rounded into the box and not out of it."""
    low, high = lower.to(dtype), upper.to(dtype)
    infinity = torch.tensor(torch.inf, dtype=dtype)
    low = torch.where(low.to(lower.dtype) < lower, low.nextafter(infinity), low)
    high = torch.where(high.to(upper.dtype) > upper, high.nextafter(-infinity), high)
    return low, high


def _is_bounded(lower: Tensor, upper: Tensor) -> bool:
    return bool(torch.isfinite(lower).any() or torch.isfinite(upper).any())
