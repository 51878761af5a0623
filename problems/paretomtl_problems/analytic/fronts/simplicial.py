"""Fronts that are the image of a simplex whose faces are the fronts of fewer objectives."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from paretomtl.errors import NoKnownFront
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.surface import SurfaceProblem, even_surface, jacobian

LARGEST = 5
"""Objectives up to which the hypervolume is integrated."""


class SimplicialProblem(SurfaceProblem):
    """A problem whose Pareto set is a simplex, corner i being the minimizer of objective i alone.

    Every face is the Pareto set of its own objectives (Kobayashi et al. 2019), as for convex
    functions of the distance to m points in one common metric. `on_front` maps the simplex to the
    front, and every fact follows from it.
    """

    @abstractmethod
    def on_front(self, weights: Tensor) -> Tensor:
        """Return the front's point at barycentric weights, [*batch, m] -> [*batch, m]."""

    @property
    def _corners(self) -> Tensor:
        return self.on_front(torch.eye(self.n_objectives, dtype=torch.float64))

    @property
    def ideal(self) -> Tensor:
        """Best value of each objective: its own corner's."""
        return self._corners.diagonal().clone()

    @property
    def nadir(self) -> Tensor:
        """Worst value of each objective on the front: at one of the other corners."""
        return self._corners.amax(0)

    @property
    def curve(self) -> Curve:
        """The front of two objectives, from the first one's corner to the second one's."""
        return Curve(lambda t: self.on_front(torch.stack((1 - t, t), -1)))

    def _surface(self, n: int) -> Tensor:
        """Return the corners first."""
        m = self.n_objectives
        inner = even_surface(lambda u: self.on_front(from_cube(u)), m - 1, max(n - m, 1))
        return torch.cat((self._corners, inner))[:n]

    def _volume(self, r: Tensor) -> float:
        """Integrate over the simplex and its faces.

        Relative error about 1e-12 for smooth fronts (1e-7 for `quadratic` at a `curvature` of 1e6).

        Raises:
            NoKnownFront: More than 5 objectives.
        """
        m = self.n_objectives
        if m == 2:
            return self.curve.hypervolume(r)
        if m > LARGEST:
            raise NoKnownFront(
                f"the best hypervolume of {self.name!r} is integrated for up to {LARGEST} "
                f"objectives; found {m}."
            )
        return simplicial_hypervolume(self.on_front, r)


def from_cube(u: Tensor) -> Tensor:
    """Map the unit cube [*batch, d] onto the simplex [*batch, d + 1] by breaking a stick."""
    left = torch.ones_like(u[..., 0])
    weights: list[Tensor] = []
    for share in u.unbind(-1):
        weights.append(left * (1 - share))
        left = left * share
    return torch.stack((*weights, left), -1)


def simplicial_hypervolume(on_front: Callable[[Tensor], Tensor], reference_point: Tensor) -> float:
    """Return the volume that a simplicial front dominates up to a reference point.

    Fix y1, ..., y_{m-1} and minimize the last objective. The minimizer lies inside the face of the
    objectives S that bind and of the last; the others are free to be anything up to the reference.
    So the volume is the sum over S of the integral over that face of
    `(rm - fm) prod_{j not in S} (rj - fj) |d f_S / d w_S|`, by Gauss quadrature.
    """
    m = len(reference_point)
    last = m - 1
    total = float((reference_point - on_front(torch.eye(m, dtype=torch.float64)[last])).prod())
    for size in range(1, m):
        nodes, weights = _gauss(size, {1: 200, 2: 60, 3: 24, 4: 16}[size])
        for binding in combinations(range(last), size):
            face = [*binding, last]
            others = [j for j in range(last) if j not in binding]

            def point(u: Tensor, face: list[int] = face) -> Tensor:
                full = torch.zeros(len(u), m, dtype=torch.float64)
                return on_front(full.index_copy(1, torch.tensor(face), from_cube(u)))

            slopes = jacobian(point, nodes)[:, list(binding)]
            free = (reference_point - point(nodes))[:, [*others, last]].prod(-1)
            total += float((weights * free * slopes.det().abs()).sum())
    return total


def _gauss(dimension: int, order: int) -> tuple[Tensor, Tensor]:
    """Return Gauss-Legendre nodes and weights of the unit cube."""
    x, w = np.polynomial.legendre.leggauss(order)
    axis, weight = torch.tensor(0.5 + 0.5 * x), torch.tensor(0.5 * w)
    grids = torch.meshgrid(*[axis] * dimension, indexing="ij")
    weights = torch.meshgrid(*[weight] * dimension, indexing="ij")
    return (
        torch.stack([grid.flatten() for grid in grids], -1),
        math.prod((w.flatten() for w in weights), start=torch.ones((), dtype=torch.float64)),
    )
