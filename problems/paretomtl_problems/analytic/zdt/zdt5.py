"""ZDT5 (Zitzler, Deb and Thiele 2000): the one on strings of bits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problems import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.best_points import best_chain
from paretomtl_problems.analytic.fronts.checks import check_count, checked_reference
from paretomtl_problems.analytic.options import box, floats, whole_number

HEAD, TAIL = 30, 5
"""Bits of the first string and of each further one."""


@problems.register("zdt5")
@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT5(AnalyticProblem):
    """Bits in one string of 30 and others of 5: `f1 = 1 + u1`, `f2 = sum(v(ui)) / f1`.

    `u` counts the ones of a string; `v(u) = 2 + u` below 5 and 1 at 5, so that every string but
    the first misleads. The front is the 31 points `(k, (n_strings - 1) / k)`.

    Args:
        n_variables: Number of bits: 30 and a multiple of 5, at least 35.
        normalize: Whether ideal and nadir are moved to 0 and 1.
    """

    n_variables: int = 80  # pyright: ignore[reportIncompatibleMethodOverride]
    normalize: bool = True

    card = ProblemCard(
        summary="Deceptive problem on bits; 31 points are the whole front.",
        source="Zitzler, Deb and Thiele 2000",
        family="ZDT",
        front_shape="disconnected",
        differentiable=False,
        notes=(
            "Discrete: a variable counts as 1 from 0.5 on. There is no gradient.",
            "pymoo's continuous reference curve is not attainable but in the 31 points.",
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=HEAD + TAIL)
        if (self.n_variables - HEAD) % TAIL:
            raise BadInput(
                f"'zdt5' needs `n_variables` as 30 and a multiple of 5 (35, 40, ..., 80, ...); "
                f"found {self.n_variables}."
            )

    @property
    def n_objectives(self) -> int:
        """Two."""
        return 2

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[0, 1]^n."""
        return box(self.n_variables, 0.0, 1.0)

    @property
    def _strings(self) -> int:
        return (self.n_variables - HEAD) // TAIL

    def _scaled(self, f1: Tensor, f2: Tensor) -> Tensor:
        if self.normalize:
            least = self._strings / (HEAD + 1)
            f1, f2 = (f1 - 1) / HEAD, (f2 - least) / (self._strings - least)
        return torch.stack((f1, f2), -1)

    def _objectives(self, x: Variables) -> Losses:
        bits = torch.where(x.isnan(), x, (x >= 0.5).to(x.dtype))  # NaN stays in its lane
        f1 = 1 + bits[..., :HEAD].sum(-1)
        ones = bits[..., HEAD:].reshape(*x.shape[:-1], self._strings, TAIL).sum(-1)
        misled = torch.where(ones == TAIL, 1.0, 2 + ones).sum(-1)
        return self._scaled(f1, misled / f1)

    @property
    def ideal(self) -> Tensor:
        """Best value of each objective."""
        return self._all().amin(0)

    @property
    def nadir(self) -> Tensor:
        """Worst value of each objective on the front."""
        return self._all().amax(0)

    def _all(self) -> Tensor:
        k = torch.arange(1, HEAD + 2, dtype=torch.float64)
        return self._scaled(k, self._strings / k)

    def front(self, n: int) -> Tensor:
        """Return the 31 points of the front, or `n` of them at nearly equal steps of arc length."""
        check_count(n)
        points = self._all()
        if n >= len(points):
            return points
        steps = points.diff(dim=0).square().sum(-1).sqrt().cumsum(0)
        lengths = torch.cat((torch.zeros(1, dtype=torch.float64), steps))
        wanted = torch.linspace(0, float(lengths[-1]), n, dtype=torch.float64)
        chosen: list[int] = []
        for place in wanted:  # the nearest that is not taken yet
            order = (lengths - place).abs().argsort()
            chosen.append(next(int(k) for k in order if int(k) not in chosen))
        return points[sorted(chosen)]

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of all 31 points, or of the best `n_points` of them, exactly."""
        r1, r2 = floats(checked_reference(self, reference_point))
        points = [(f1, f2) for f1, f2 in map(floats, self._all()) if f1 < r1 and f2 < r2]
        if n_points is not None:
            check_count(n_points)
            f1, f2 = np.array(points).reshape(-1, 2).T
            size = (min(n_points, len(points)), len(points))
            return best_chain(np.broadcast_to(f1, size), np.broadcast_to(r2 - f2, size), r1)[0]
        corners = [*points, (r1, 0.0)]
        return sum((b[0] - a[0]) * (r2 - a[1]) for a, b in pairwise(corners))
