"""Fronts of two objectives: even sampling, exact hypervolume, and the best that N points can reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problem import AnalyticProblem, Point
from paretomtl_problems.analytic.options import floats

Floats = npt.NDArray[np.float64]

NODES = 4097
"""Points of the table that turns arc length into the parameter, per piece."""

CHOICES = 33
"""Positions tried for each point in one round of the search for the best N points."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The exact front of two objectives as a curve; `f1` rises and `f2` falls along it.

    Args:
        point: Parameters [k] to objectives [k, 2], float64; differentiable within each piece.
        pieces: Intervals of the parameter, in order; more than one where the front has gaps.
    """

    point: Callable[[Tensor], Tensor]
    pieces: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    @cached_property
    def ideal(self) -> Tensor:
        """Best value of each objective, [2]."""
        ends = self._at(np.array([self.pieces[0][0], self.pieces[-1][1]]))
        return torch.tensor([ends[0, 0], ends[1, 1]])

    @cached_property
    def nadir(self) -> Tensor:
        """Worst value of each objective on the front, [2]."""
        ends = self._at(np.array([self.pieces[0][0], self.pieces[-1][1]]))
        return torch.tensor([ends[1, 0], ends[0, 1]])

    def sample(self, n: int) -> Tensor:
        """Return `n` points of the front at equal steps of arc length, both ends included, [n, 2].

        Gaps have no length; a piece that is a single point comes first and takes one of the `n`.
        Raises BadInput when `n` is not positive.
        """
        check_count(n)
        single = np.array([start for start, stop in self.pieces if start == stop][:n])
        nodes, lengths = self._arcs
        rest = n - len(single)
        wanted = np.linspace(0.0, 1.0, rest) if rest > 1 else np.full(rest, 0.5)
        return torch.tensor(self._at(np.concatenate([single, _look_up(wanted, lengths, nodes)])))

    def hypervolume(self, reference_point: Tensor) -> float:
        """Return the hypervolume of the whole front, by double-exponential quadrature (about 1e-13)."""
        r1, r2 = floats(reference_point)
        pieces = self._within(r1, r2)
        total = 0.0
        for k, (start, stop) in enumerate(pieces):
            following = pieces[k + 1][0] if k + 1 < len(pieces) else None
            f1_next = r1 if following is None else self._at(np.array([following]))[0, 0]
            f1_stop, f2_stop = self._at(np.array([stop]))[0]
            total += self._area(start, stop, r2) + (f1_next - f1_stop) * (r2 - f2_stop)
        return float(total)

    def best_hypervolume(self, n_points: int, reference_point: Tensor) -> float:
        """Return the largest hypervolume of `n_points` points of the front (about 1e-12).

        Points 1..N with f1 rising cover `sum_i (f1[i+1] - f1[i]) (r2 - f2[i])`, `f1[N+1] = r1`. A
        dynamic program picks the best of a few positions for every point at once; the positions
        then close in on the optimum. The first round tries the whole front, so that every piece
        and every local optimum that its grid resolves competes.
        """
        check_count(n_points)
        r1, r2 = floats(reference_point)
        pieces = self._within(r1, r2)
        if not pieces:
            return 0.0
        nodes, share = self._table(pieces, _density, least=min(0.005, 1 / n_points))

        def best(places: Floats) -> tuple[float, Floats]:
            points = self._at(_look_up(places.ravel(), share, nodes))
            f1, f2 = points.reshape(*places.shape, 2).transpose(2, 0, 1)
            shape = (n_points, places.shape[-1])  # the first round has one row for all
            value, chosen = best_chain(
                np.broadcast_to(f1, shape), np.broadcast_to(r2 - f2, shape), r1
            )
            return value, np.broadcast_to(places, shape)[np.arange(n_points), chosen]

        if n_points <= 100:
            grid = np.linspace(0.0, 1.0, 4 * n_points + 257)
            value, places = best(grid[None])
            reach = 2.0 / (grid.size - 1)
        else:  # equal shares of the best density for many points are near the optimum already
            places = (np.arange(n_points) + 0.5) / n_points
            value, reach = 0.0, 3.0 / n_points
        steps = np.linspace(-1.0, 1.0, CHOICES)
        while reach > 1e-9:
            found, places = best(np.clip(places[:, None] + reach * steps, 0.0, 1.0))
            value = max(value, found)
            reach /= 3.0
        return value

    @cached_property
    def _arcs(self) -> tuple[Floats, Floats]:
        return self._table([p for p in self.pieces if p[0] < p[1]], _arc, least=1e-12)

    def _at(self, t: Floats) -> Floats:
        return self.point(torch.tensor(t, dtype=torch.float64)).detach().numpy()

    def _within(self, r1: float, r2: float) -> list[tuple[float, float]]:
        """Return the parts of the pieces that lie strictly better than the reference point."""
        parts: list[tuple[float, float]] = []
        for start, stop in self.pieces:
            low = (
                start if self._at(np.array([start]))[0, 1] < r2 else self._cross(start, stop, 1, r2)
            )
            high = (
                stop if self._at(np.array([stop]))[0, 0] < r1 else self._cross(start, stop, 0, r1)
            )
            ends = self._at(np.array([low, high]))
            if low <= high and ends[0, 0] <= r1 and ends[1, 1] <= r2:
                parts.append((low, high))
        return parts

    def _cross(self, start: float, stop: float, objective: int, level: float) -> float:
        """Return the parameter where an objective passes a level, or the end that is nearest."""
        rising = objective == 0
        for _ in range(200):
            middle = 0.5 * (start + stop)
            if (self._at(np.array([middle]))[0, objective] > level) == rising:
                stop = middle
            else:
                start = middle
        return 0.5 * (start + stop)

    def _area(self, start: float, stop: float, r2: float) -> float:
        """Return the integral of `r2 - f2` over `f1` along a part of one piece."""
        u, weights = _double_exponential()
        with torch.enable_grad():
            t = torch.tensor(start + (stop - start) * u).requires_grad_()
            f = self.point(t)
            (slope,) = torch.autograd.grad(f[:, 0].sum(), t)
        height = (r2 - f[:, 1].detach()) * slope
        return float((stop - start) * weights @ height.numpy())

    def _table(
        self, pieces: Sequence[tuple[float, float]], measure: Measure, *, least: float
    ) -> tuple[Floats, Floats]:
        """Return parameters and the share of the measure up to each, at least `least` a piece."""
        # finer towards the ends, where slopes may blow up
        graded = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, NODES))
        nodes = np.concatenate([a + (b - a) * graded for a, b in pieces])
        steps = measure(np.diff(self._at(nodes), axis=0))
        steps[NODES - 1 :: NODES] = 0.0  # the gaps
        steps += least * (steps.sum() or 1.0) / NODES
        steps[NODES - 1 :: NODES] = 0.0
        share = np.concatenate([[0.0], np.cumsum(steps)])
        return nodes, share / share[-1]


Measure = Callable[[Floats], Floats]


def _arc(steps: Floats) -> Floats:
    return np.sqrt(np.square(steps).sum(-1))


def _density(steps: Floats) -> Floats:
    """Weigh a stretch by how densely the best N points lie there: sqrt(|df1 df2|) (Auger 2009)."""
    return np.sqrt(np.abs(steps[:, 0] * steps[:, 1]))


def _look_up(wanted: Floats, share: Floats, nodes: Floats) -> Floats:
    return np.interp(wanted, share, nodes)


def _double_exponential() -> tuple[Floats, Floats]:
    """Return nodes and weights on [0, 1] that converge whatever the integrand does at the ends."""
    s = np.arange(-3.2, 3.2 + 1e-9, 1 / 64)
    x = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(s)))
    weights = np.pi * np.cosh(s) * x * (1.0 - x) / 64
    return x, weights / weights.sum()


def best_chain(f1: Floats, height: Floats, r1: float) -> tuple[float, npt.NDArray[np.int64]]:
    """Choose one candidate for each point so that together they cover most.

    Args:
        f1: First objective of each point's candidates, [N, K].
        height: `r2 - f2` of each candidate, [N, K].
        r1: First coordinate of the reference point.

    Returns:
        The hypervolume and the index of each point's choice. A chain that steps back in `f1` is
        never better than the chain without that step, so order needs no check.
    """
    n = len(f1)
    value = np.zeros(f1.shape[1])
    came_from = np.zeros(f1.shape, dtype=np.int64)
    for i in range(1, n):
        offered = (value - f1[i - 1] * height[i - 1])[:, None] + height[i - 1][:, None] * f1[i]
        came_from[i] = offered.argmax(0)
        value = offered[came_from[i], np.arange(f1.shape[1])]
    value = value + (r1 - f1[-1]) * height[-1]
    chosen = np.empty(n, dtype=np.int64)
    chosen[-1] = value.argmax()
    for i in range(n - 1, 0, -1):
        chosen[i - 1] = came_from[i, chosen[i]]
    return float(value[chosen[-1]]), chosen


def check_count(n: int) -> None:
    """Refuse a number of points that is not positive."""
    if n < 1:
        raise BadInput(f"the number of points must be at least 1; found {n}.")


class CurveProblem(AnalyticProblem):
    """A problem of two objectives whose exact front is a `Curve`: all facts follow from it."""

    @property
    def curve(self) -> Curve:
        """The exact front."""
        raise NotImplementedError

    @property
    def n_objectives(self) -> int:
        """Two."""
        return 2

    @property
    def ideal(self) -> Tensor:
        """Best value of each objective."""
        return self.curve.ideal

    @property
    def nadir(self) -> Tensor:
        """Worst value of each objective on the front."""
        return self.curve.nadir

    def front(self, n: int) -> Tensor:
        """Return `n` points of the exact front at equal steps of arc length, [n, 2]."""
        return self.curve.sample(n)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the whole front, or the best of `n_points` points."""
        r = checked_reference(self, reference_point)
        if n_points is None:
            return self.curve.hypervolume(r)
        return self.curve.best_hypervolume(n_points, r)


def checked_reference(problem: AnalyticProblem, reference_point: Point | None) -> Tensor:
    """Return the given reference point or else the problem's own, [m] float64.

    Raises:
        BadInput: It has another length or is not finite.
    """
    if reference_point is None:
        return problem.reference_point
    r = torch.as_tensor(reference_point, dtype=torch.float64)
    if r.shape != (problem.n_objectives,) or not bool(r.isfinite().all()):
        raise BadInput(
            f"`reference_point` of {problem.name!r} needs {problem.n_objectives} finite numbers; "
            f"found {floats(r)}."
        )
    return r
