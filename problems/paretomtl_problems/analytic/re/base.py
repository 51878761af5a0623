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

from paretomtl.errors import NoKnownFront
from paretomtl.problems import AnalyticProblem, FrontShape, Point, ProblemCard
from paretomtl_problems.analytic.fronts.best_points import best_chain
from paretomtl_problems.analytic.fronts.checks import (
    check_count,
    checked_reference,
    whole_front_only,
)
from paretomtl_problems.analytic.options import floats, vector

SOURCE = "Tanabe & Ishibuchi 2020, Applied Soft Computing 89, 106078"
APPROXIMATE = (
    "No closed form of the front is known: front() was computed by benchmarks/references/re_fronts.py (searches, "
    "then quadratic programs from many starts), and so were ideal, nadir and best hypervolume; method "
    "and accuracy stand in the header of data/{name}.csv."
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


def engineering_card(
    number: str,
    *,
    summary: str,
    source: str,
    notes: tuple[str, ...] = (),
    front_shape: FrontShape = "unknown",
    front_accuracy: float = 1e-9,
    differentiable: bool = True,
) -> ProblemCard:
    """Return the card of a problem whose front was computed, which is its first note.

    Args:
        number: Its name in the suite, "RE21".
        summary: As in `ProblemCard`.
        source: Where the suite has it from.
        notes: Further notes.
        front_shape: As in `ProblemCard`.
        front_accuracy: As in `ProblemCard`.
        differentiable: As in `ProblemCard`.
    """
    return ProblemCard(
        summary=summary,
        source=f"{source}; {number} in {SOURCE}",
        family="RE",
        front_shape=front_shape,
        differentiable=differentiable,
        front_accuracy=front_accuracy,
        notes=(APPROXIMATE.format(name=number.lower()), *notes),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineeringProblem(AnalyticProblem):
    """A problem of the RE suite: fixed bounds, no options, a stored computed front."""

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
        """Componentwise minimum over the stored front."""
        return _stated(self.name).ideal.clone()

    @property
    def nadir(self) -> Tensor:
        """Componentwise maximum over the stored front."""
        return _stated(self.name).nadir.clone()

    def pareto_set(self, n: int) -> Tensor:
        """Return the variables of `n` stored Pareto-optimal points spread evenly, [<= n, n_variables].

        Raises:
            BadInput: `n` is not positive.
        """
        check_count(n)
        points = _stated(self.name).variables
        if n >= len(points):
            return points.clone()
        if self.n_objectives == 2:  # listed with the first objective rising
            return points[torch.linspace(0, len(points) - 1, n).round().long()]
        return points[:n].clone()  # listed farthest first: every beginning is spread evenly

    def front(self, n: int) -> Tensor:
        """Return the images of `pareto_set(n)`: at most as many points as the file holds, [<= n, m].

        Raises:
            BadInput: `n` is not positive.
        """
        return self._objectives(self.pareto_set(n))

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume that the script integrated; for m = 2 also the best N stored points'.

        The first is as close as the data file's header says. The second is a lower bound: points of
        the front between the stored ones are not tried.

        Raises:
            NoKnownFront: `n_points` is given and m is not 2, or `reference_point` is not the
                problem's own: another one needs all points of the search.
        """
        r = checked_reference(self, reference_point)
        own = bool((r - self.reference_point).abs().le(1e-9 * (self.nadir - self.ideal)).all())
        if n_points is not None and self.n_objectives == 2:
            check_count(n_points)
            return _best_of_stored(self.front(10**6), n_points, r)
        whole_front_only(self, n_points)
        if not own:
            raise NoKnownFront(
                f"the best hypervolume of {self.name!r} is stored for its own reference point "
                f"{floats(self.reference_point)}; found {floats(r)}."
            )
        return _stated(self.name).hypervolume


@dataclass(frozen=True)
class Stated:
    """What a data file holds."""

    ideal: Tensor
    nadir: Tensor
    hypervolume: float
    variables: Tensor


@cache
def _stated(name: str) -> Stated:
    """Read a problem's data file: lines `# key: value`, then one line of variables a point."""
    data = resources.files("paretomtl_problems.analytic.re").joinpath("data", f"{name}.csv")
    lines = data.read_text(encoding="utf-8").splitlines()
    stated = dict(x[2:].split(": ", 1) for x in lines if x.startswith("# ") and ": " in x)
    rows = [_numbers(line) for line in lines if line and not line.startswith("#")]
    return Stated(
        vector(*_numbers(stated["ideal"])),
        vector(*_numbers(stated["nadir"])),
        float(stated["hypervolume"]),
        torch.tensor(rows, dtype=torch.float64),
    )


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _best_of_stored(front: Tensor, n: int, r: Tensor) -> float:
    """Return the hypervolume of the best `n` of the given points of two objectives."""
    inside = front[(front < r).all(-1)]
    if not len(inside):
        return 0.0
    r1, r2 = floats(r)
    columns = np.array(floats(inside[:, 0])), r2 - np.array(floats(inside[:, 1]))
    f1, height = (np.broadcast_to(c, (min(n, len(inside)), len(inside))) for c in columns)
    return best_chain(f1, height, r1)[0]


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
    middles = 0.5 * (table[1:] + table[:-1])
    # The largest value whose lower middle is passed: searchsorted and indexing do not go under vmap.
    snapped = torch.where(fixed.unsqueeze(-1) > middles, table[1:], table[0]).amax(-1)
    return x + (torch.where(fixed.isnan(), fixed, snapped) - fixed)
