"""Fronts of three and more objectives: even sampling and exact hypervolumes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem, Point
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, check_count, whole_front_only
from paretomtl_problems.analytic.fronts.curve import Curve


class SurfaceProblem(AnalyticProblem):
    """A problem whose exact front is a `Curve` for two objectives and a known surface for more."""

    @property
    @abstractmethod
    def curve(self) -> Curve:
        """The exact front of two objectives."""

    @abstractmethod
    def _surface(self, n: int) -> Tensor:
        """Return `n` points of the front of three and more objectives, [n, m]."""

    @abstractmethod
    def _volume(self, r: Tensor) -> float:
        """Return the whole front's hypervolume, two objectives included, for r from the nadir on."""

    def front(self, n: int) -> Tensor:
        """Return `n` points: at equal steps of arc length for m = 2, evenly by area beyond."""
        return self.curve.sample(n) if self.n_objectives == 2 else self._surface(n)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the whole front; for m = 2 also the best of `n_points` points."""
        r = beyond_nadir(self, reference_point)
        if self.n_objectives == 2 and n_points is not None:
            return self.curve.best_hypervolume(n_points, r)
        whole_front_only(self, n_points)
        return self._volume(r)


def even_points(n: int, dimension: int) -> Tensor:
    """Return `n` points spread evenly over the unit cube, [n, dimension] float64.

    The additive recurrence with the generalized golden ratio: no draw is random, every prefix is
    spread evenly.
    """
    ratio = 2.0
    for _ in range(64):  # the root of ratio^(d+1) = ratio + 1
        ratio = (1 + ratio) ** (1 / (dimension + 1))
    steps = torch.tensor([ratio ** -(k + 1) for k in range(dimension)], dtype=torch.float64)
    return (0.5 + torch.arange(1, n + 1, dtype=torch.float64)[:, None] * steps) % 1


def even_surface(
    point: Callable[[Tensor], Tensor],
    dimension: int,
    n: int,
    *,
    holds: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Return `n` points of a surface, spread evenly by area, [n, m].

    Evenly spread parameters are thinned to the local area element, `sqrt(det(D^T D))` for the
    Jacobian D of `point`; one more even coordinate decides, so the result is the same every time.

    Args:
        point: Parameters [dimension] in the unit cube to objectives [m].
        dimension: Number of parameters.
        n: Number of points.
        holds: Parameters [k, dimension] to whether they belong to the front, [k]; None for all.
    """
    check_count(n)
    tried = 8 * n
    while True:
        u = even_points(tried, dimension + 1)
        slopes = torch.func.vmap(torch.func.jacrev(point))(u[:, :-1])
        area = (slopes.mT @ slopes).det().clamp_min(0).sqrt()
        if holds is not None:
            area = area * holds(u[:, :-1])
        if not bool(area.max() > 0):  # no area: the surface is a curve or a single point
            return torch.func.vmap(point)(u[:n, :-1])
        kept = u[u[:, -1] * area.max() < area][:n, :-1]
        if len(kept) == n:
            return torch.func.vmap(point)(kept)
        tried *= 2


def jacobian(function: Callable[[Tensor], Tensor], u: Tensor) -> Tensor:
    """Return the derivatives of every row of [k, m] by its own row of [k, d], [k, m, d]."""
    with torch.enable_grad():
        u = u.detach().requires_grad_()
        f = function(u)
        rows = [torch.autograd.grad(column.sum(), u, retain_graph=True)[0] for column in f.T]
    return torch.stack(rows, 1)
