"""What the 16 RE engineering problems share: bounds, discrete variables, constraints, stored fronts.

Tanabe & Ishibuchi (2020), "An easy-to-use real-world multi-objective optimization problem suite",
Applied Soft Computing 89, 106078. A constraint `g(x) >= 0` enters as its violation `max(0, -g)`; the
sum of the violations is the last objective of every problem that has constraints.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problem import AnalyticProblem

SOURCE = "Tanabe & Ishibuchi 2020, Applied Soft Computing 89, 106078"
APPROXIMATE = (
    "No closed form of the front is known: front() is an approximation computed by "
    "benchmarks/re_fronts.py, and ideal, nadir and best hypervolume are read off it; method and "
    "accuracy stand in the header of data/{name}.csv."
)
KINKS = (
    "The last objective sums max(0, violation): its gradient is that of the violated constraints "
    "only, and zero where every constraint holds or is just met."
)
DISCRETE = (
    "{variables} discrete: points are evaluated at the nearest admissible value (of two equally near "
    "ones, {tie}). The derivative by a discrete variable is zero or undefined; what autograd returns "
    "is the straight-through surrogate, the relaxed formula's derivative at the admissible value."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineeringProblem(AnalyticProblem):
    """A problem of the RE suite: fixed bounds, no options, a stored approximate front."""

    box: ClassVar[tuple[tuple[float, float], ...]]
    """Lower and upper bound of each variable."""

    @property
    def n_variables(self) -> int:
        """Number of variables, fixed by the definition."""
        return len(self.box)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lower and upper bound of each variable."""
        box = torch.tensor(self.box, dtype=torch.float64)
        return box[:, 0].clone(), box[:, 1].clone()

    @property
    def ideal(self) -> Tensor:
        """Componentwise minimum over the approximate front."""
        return _facts(self.name)[0].clone()

    @property
    def nadir(self) -> Tensor:
        """Componentwise maximum over the approximate front."""
        return _facts(self.name)[1].clone()

    def front(self, n: int) -> Tensor:
        """Return `n` points of the stored approximate front, spread evenly; all of it if it has fewer.

        Raises:
            BadInput: `n` is not positive.
        """
        if n < 1:
            raise BadInput(f"a front has at least 1 point; found n={n}.")
        points = _facts(self.name)[2]
        if n >= len(points):
            return points.clone()
        if points.shape[-1] == 2:
            keep = torch.linspace(0, len(points) - 1, n, dtype=torch.float64).round().long()
            return points[keep]
        # The file lists the points in farthest-first order: every beginning of it is spread evenly.
        return points[:n].clone()

    def best_hypervolume(self) -> float:
        """Return the hypervolume that the committed script reached, a lower bound of the best."""
        return float(_facts(self.name)[3])


@cache
def _facts(name: str) -> tuple[Tensor, Tensor, Tensor, float]:
    """Read ideal, nadir, points and hypervolume from the problem's data file."""
    text = resources.files(__package__).joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    stated = dict(
        line[2:].split(": ", 1) for line in lines if line.startswith("# ") and ": " in line
    )
    rows = [line.split(",") for line in lines if line and not line.startswith("#")]
    points = torch.from_numpy(np.array(rows, dtype=np.float64))

    def vector(key: str) -> Tensor:
        return torch.tensor([float(v) for v in stated[key].split(",")], dtype=torch.float64)

    return vector("ideal"), vector("nadir"), points, float(stated["hypervolume"])


def violation(*constraints: Tensor) -> Tensor:
    """Sum `max(0, -g)` over the constraints `g >= 0`."""
    return torch.stack(constraints, -1).neg().relu().sum(-1)


def nearest_integer(x: Tensor) -> Tensor:
    """Round to the nearest integer, halves to even; the gradient passes through unchanged."""
    return x + (x.round() - x).detach()


def nearest_of(x: Tensor, values: tuple[float, ...]) -> Tensor:
    """Round to the nearest of ascending `values`, ties to the lower one; the gradient passes through.

    NaN stays NaN.
    """
    table = torch.tensor(values, dtype=x.dtype, device=x.device)
    fixed = x.detach()
    upper = torch.searchsorted(table, fixed.contiguous()).clamp(1, len(values) - 1)
    below, above = table[upper - 1], table[upper]
    snapped = torch.where(fixed - below <= above - fixed, below, above)
    return x + (torch.where(fixed.isnan(), fixed, snapped) - fixed)
