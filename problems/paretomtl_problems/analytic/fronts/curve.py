"""Fronts of two objectives: even sampling, exact hypervolume, and the best that N points can reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from paretomtl.problems import AnalyticProblem, Point
from paretomtl_problems.analytic.fronts.best_points import Floats, best_places, covered
from paretomtl_problems.analytic.fronts.checks import check_count, checked_reference
from paretomtl_problems.analytic.options import floats

Pieces = tuple[tuple[float, float], ...]

NODES = 4097
"""Points of a table, per piece."""

GRADED = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, NODES))
"""Their places in the unit interval."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The exact front of two objectives as a curve; `f1` rises and `f2` falls along it.

    Args:
        point: Parameters [k] to objectives [k, 2], float64; differentiable within each piece.
        pieces: Intervals of the parameter, in order; more than one where the front has gaps.
    """

    point: Callable[[Tensor], Tensor]
    pieces: Pieces = ((0.0, 1.0),)

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
        rest = n - len(single)
        wanted = np.linspace(0.0, 1.0, rest) if rest > 1 else np.full(rest, 0.5)
        share = self._whole.shares(_arc, least=1e-12)
        places = np.interp(wanted, share, np.arange(share.size))
        if single.size:  # it has its point already: the pieces of some length begin behind it
            places = np.maximum(places, np.searchsorted(share, 1e-8, side="right") - 1)
        return torch.tensor(self._at(np.concatenate([single, self._whole.parameters(places)])))

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

        The search runs on a spline of the front; the points it finds are then evaluated exactly.
        """
        check_count(n_points)
        r1, r2 = floats(reference_point)
        key = (n_points, r1, r2)
        if key not in self._found:
            self._found[key] = self._search(*key)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[int, float, float], float]:
        return {}

    def _search(self, n_points: int, r1: float, r2: float) -> float:
        pieces = tuple(self._within(r1, r2))
        if not pieces:
            return 0.0
        table = self._whole if pieces == self.pieces else self._tabulate(pieces)
        share = table.shares(_density, least=min(0.005, 1 / n_points))
        nodes = np.arange(share.size, dtype=np.float64)

        def objectives(places: Floats) -> tuple[Floats, Floats]:
            f = table.spline(np.interp(places, share, nodes))
            return f[..., 0], f[..., 1]

        places = best_places(objectives, n_points, r1, r2)
        f = self._at(table.parameters(np.interp(places, share, nodes)))
        return covered(f[:, 0], f[:, 1], r1, r2)

    @cached_property
    def _whole(self) -> Table:
        return self._tabulate(self.pieces)

    def _tabulate(self, pieces: Pieces) -> Table:
        nodes = np.concatenate([start + (stop - start) * GRADED for start, stop in pieces])
        return Table(pieces, self._at(nodes))

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
        # At an end of a piece f2 may have an infinite slope, where Gauss nodes converge slowly.
        # Double-exponential nodes crowd there with weights that fall faster than slopes rise.
        u, weights = _double_exponential()
        with torch.enable_grad():
            t = torch.tensor(start + (stop - start) * u).requires_grad_()
            f = self.point(t)
            (slope,) = torch.autograd.grad(f[:, 0].sum(), t)
        height = (r2 - f[:, 1].detach()) * slope
        return float((stop - start) * weights @ height.numpy())


@dataclass(frozen=True, eq=False)
class Table:
    """Points of a curve at graded parameters: finer towards the ends, where slopes may blow up.

    A place is counted in nodes: piece k holds the places from k times NODES on.

    Args:
        pieces: Intervals of the parameter.
        points: Objectives at the nodes, [pieces * NODES, m].
    """

    pieces: Pieces
    points: Floats

    def shares(self, measure: Measure, *, least: float) -> Floats:
        """Return the share of a measure up to each node; every piece gets at least `least`."""
        # Where the measure vanishes (`_density` does on a vertical stretch) the shares would not rise
        # and could not be inverted: every step gets a little more, but a step over a gap gets none.
        steps = measure(np.diff(self.points, axis=0))
        gaps = np.arange(1, len(steps) + 1) % NODES == 0
        steps[gaps] = 0.0
        steps += least * (steps.sum() or 1.0) / NODES
        steps[gaps] = 0.0
        share = np.concatenate([[0.0], np.cumsum(steps)])
        return share / share[-1]

    def parameters(self, places: Floats) -> Floats:
        """Return the parameters at places between nodes."""
        piece, within = self._split(places)
        starts, stops = np.array(self.pieces).T
        graded = 0.5 - 0.5 * np.cos(within * np.pi / (NODES - 1))
        return starts[piece] + (stops - starts)[piece] * graded

    def spline(self, places: Floats) -> Floats:
        """Return the objectives at places between nodes, by cubic splines, [*places, m]."""
        piece, within = self._split(places)
        values = np.empty((*places.shape, self.points.shape[1]))
        for k, spline in enumerate(self._splines):
            values[piece == k] = spline(within[piece == k])
        return values

    @cached_property
    def _splines(self) -> list[Callable[[Floats], Floats]]:
        nodes = np.arange(NODES, dtype=np.float64)
        return [
            CubicSpline(nodes, self.points[k * NODES : (k + 1) * NODES])
            for k in range(len(self.pieces))
        ]

    def _split(self, places: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the piece of each place and the place within it; gaps belong to the nearer end."""
        piece = np.clip(np.rint((places - (NODES - 1) / 2) / NODES), 0, len(self.pieces) - 1)
        within = np.clip(places - piece * NODES, 0.0, NODES - 1.0)
        return piece.astype(np.int64), within


Measure = Callable[[Floats], Floats]


def _arc(steps: Floats) -> Floats:
    return np.sqrt(np.square(steps).sum(-1))


def _density(steps: Floats) -> Floats:
    """Weigh a stretch by how densely the best N points lie there: sqrt(|df1 df2|) (Auger 2009)."""
    return np.sqrt(np.abs(steps[:, 0] * steps[:, 1]))


def _double_exponential() -> tuple[Floats, Floats]:
    """Return nodes and weights on [0, 1] that converge whatever the integrand does at the ends."""
    s = np.arange(-3.2, 3.2 + 1e-9, 1 / 64)
    x = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(s)))
    weights = np.pi * np.cosh(s) * x * (1.0 - x) / 64
    return x, weights / weights.sum()


class CurveProblem(AnalyticProblem):
    """A problem of two objectives whose exact front is a `Curve`: all facts follow from it."""

    @property
    def curve(self) -> Curve:
        """The exact front."""
        raise NotImplementedError

    @cached_property
    def _cached(self) -> Curve:
        return self.curve  # one object for all calls: it caches tables and best volumes

    @property
    def n_objectives(self) -> int:
        """Two."""
        return 2

    @property
    def ideal(self) -> Tensor:
        """Best value of each objective."""
        return self._cached.ideal.clone()

    @property
    def nadir(self) -> Tensor:
        """Worst value of each objective on the front."""
        return self._cached.nadir.clone()

    def front(self, n: int) -> Tensor:
        """Return `n` points of the exact front at equal steps of arc length, [n, 2]."""
        return self._cached.sample(n)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the whole front, or the best of `n_points` points."""
        r = checked_reference(self, reference_point)
        if n_points is None:
            return self._cached.hypervolume(r)
        return self._cached.best_hypervolume(n_points, r)
