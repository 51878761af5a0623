"""Linear multi-task regression with one shared feature, as a problem on the unit sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import torch
from torch import Tensor

from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.simplex_and_sphere import spherical
from paretomtl_problems.analytic.fronts.simplicial import SimplicialProblem
from paretomtl_problems.analytic.fronts.surface import even_surface
from paretomtl_problems.analytic.options import box, real_number, whole_number

CELLS = 1200
"""Cells along each side of the grid that integrates the hypervolume of three opposed tasks."""


@problems.register("rank_one")
@dataclass(frozen=True, kw_only=True, eq=False)
class RankOne(SimplicialProblem):
    """`fi = 1 - (yi . u)^2`, `u = x / |x|`: the error of each target that one shared feature leaves.

    The targets y1, ..., yk are unit vectors with equal pairwise correlation. Where the correlations
    can be made non-negative by flipping signs (always for two targets) linear scalarization
    reaches the whole front; for three and more negatively correlated targets it misses the
    balanced part.

    Args:
        n_objectives: Number of targets, k, at least 2.
        n_variables: Dimension of the feature, at least k.
        correlation: Inner product of every two targets, above -1 / (k - 1) and below 1.
    """

    n_objectives: int = 3  # pyright: ignore[reportIncompatibleMethodOverride]
    n_variables: int = 10  # pyright: ignore[reportIncompatibleMethodOverride]
    correlation: float = -0.2

    card = ProblemCard(
        summary="Exact linear multi-task problem on which linear scalarization provably fails or suffices.",
        source="Hu et al. 2023 (Revisiting scalarization in multi-task learning), rank one",
        family="multi-task toy",
        front_shape="mixed",
        notes=(
            "Flipping the sign of a target changes the signs of its correlations and no objective.",
            "Objectives do not depend on |x|. At x = 0 they are 1, with gradient 0.",
            "For negative correlation the best hypervolume is integrated on a grid to about 1e-6, for three targets.",
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_objectives", low=2)
        whole_number(self, "n_variables", low=self.n_objectives)
        least = -1 / (self.n_objectives - 1)
        real_number(self, "correlation")
        if not least < self.correlation < 1:
            raise BadInput(
                f"'rank_one' needs `correlation` above -1 / (k - 1) = {least:g} and below 1; "
                f"found {self.correlation!r}."
            )

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-1, 1]^n."""
        return box(self.n_variables, -1.0, 1.0)

    @property
    def opposed(self) -> bool:
        """Whether no flipping of signs makes all correlations non-negative."""
        return self.n_objectives > 2 and self.correlation < 0

    @cached_property
    def targets(self) -> Tensor:
        """The unit vectors y1, ..., yk, [k, n]."""
        k, n, c = self.n_objectives, self.n_variables, self.correlation
        across, along = math.sqrt(1 - c), math.sqrt(1 + (k - 1) * c)
        root = across * torch.eye(k, dtype=torch.float64) + (along - across) / k
        steps = torch.arange(n, dtype=torch.float64)
        axes = (math.pi / n * steps[:k, None] * (steps + 0.5)).cos() * math.sqrt(2 / n)
        axes[0] /= math.sqrt(2)  # orthonormal rows of the cosine basis
        return root @ axes

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(self.n_objectives, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """One where tasks are opposed (a feature between two targets can miss a third), else 1 - c^2."""
        worst = 1.0 if self.opposed else 1 - self.correlation**2
        return torch.full((self.n_objectives,), worst, dtype=torch.float64)

    def on_front(self, weights: Tensor) -> Tensor:
        """Return the errors of the feature `sum(wi yi)`, for correlations made non-negative."""
        c = abs(self.correlation)
        agreement = (1 - c) * weights + c * weights.sum(-1, keepdim=True)
        return 1 - agreement.square() / (weights * agreement).sum(-1, keepdim=True)

    def _surface(self, n: int) -> Tensor:
        if not self.opposed:
            return super()._surface(n)
        k = self.n_objectives

        def point(u: Tensor) -> Tensor:
            d = spherical(u * (math.pi / 2), torch.ones_like(u[..., 0]))
            return 1 - d.square() / least_form(d, self.correlation, faces=False)

        def holds(u: Tensor) -> Tensor:
            d = spherical(u * (math.pi / 2), torch.ones_like(u[..., 0]))
            inside, everywhere = (
                least_form(d, self.correlation, faces=faces)[..., 0] for faces in (False, True)
            )
            return inside <= everywhere * (1 + 1e-12)

        return even_surface(point, k - 1, n, holds=holds)

    def _volume(self, r: Tensor) -> float:
        """Integrate over the front; exact but for opposed tasks, where it is about 1e-6.

        Raises:
            NoKnownFront: More than three opposed tasks, or more than five others.
        """
        if not self.opposed:
            return super()._volume(r)
        if self.n_objectives > 3:
            raise NoKnownFront(
                f"the best hypervolume of 'rank_one' with negative correlation is integrated for "
                f"3 objectives; found {self.n_objectives}."
            )
        excess = r - 1  # every objective is at most 1 anyway: its part beyond is a plain factor
        pair = RankOne(n_objectives=2, n_variables=2, correlation=self.correlation)
        two = pair.best_hypervolume(reference_point=[1.0, 1.0])
        pairs = float(excess[0] + excess[1] + excess[2]) * two
        ones = sum(float(excess[i] * excess[j]) for i, j in combinations(range(3), 2))
        return float(excess.prod()) + ones + pairs + _three_opposed(self.correlation)

    def _objectives(self, x: Variables) -> Losses:
        length = x.square().sum(-1, keepdim=True)
        floor = torch.finfo(x.dtype).tiny  # 0 / tiny: value 1 and gradient 0 at the origin
        return 1 - (x @ self.targets.to(x).T).square() / length.clamp_min(floor)


def least_form(d: Tensor, c: float, *, faces: bool) -> Tensor:
    """Return the least `b^T C^-1 b` over sign patterns of C, [*batch, 1], for b = d or (`faces`) any b >= d.

    A feature attains agreements `b` with the targets exactly when that form is at most 1. The
    minimum over b >= d equals, by duality, the largest `d_A^T C_AA^-1 d_A` over sets A of binding
    targets whose multipliers `C_AA^-1 d_A` are non-negative.
    """
    k = d.shape[-1]
    least: list[Tensor] = []
    for signs in product((1.0, -1.0), repeat=k - 1):
        s = torch.tensor((1.0, *signs), dtype=d.dtype)
        matrix = c * s[:, None] * s + (1 - c) * torch.eye(k, dtype=d.dtype)
        sizes = range(1, k + 1) if faces else (k,)
        forms: list[Tensor] = []
        for binding in (list(a) for size in sizes for a in combinations(range(k), size)):
            part = d[..., binding]
            multipliers = part @ torch.inverse(matrix[binding][:, binding])
            form = (part * multipliers).sum(-1, keepdim=True)
            feasible = (multipliers >= 0).all(-1, keepdim=True)
            forms.append(torch.where(feasible, form, 0.0) if faces else form)
        least.append(torch.stack(forms).amax(0))
    return torch.stack(least).amin(0)


def _three_opposed(c: float) -> float:
    """Return the volume that three opposed tasks dominate within the unit cube.

    With `fi = 1 - bi^2` it is the integral of `8 b1 b2 b3` over the agreements that some feature
    reaches or exceeds, taken along rays: `integral of 8 d1 d2 d3 / (6 q(d)^3)` over directions d.
    """
    u = (torch.arange(CELLS, dtype=torch.float64) + 0.5) / CELLS
    total = 0.0
    for rows in u.chunk(12):
        angles = torch.cartesian_prod(rows, u) * (math.pi / 2)
        d = spherical(angles, torch.ones_like(angles[:, 0]))
        q = least_form(d, c, faces=True)[:, 0]
        total += float((8 * d.prod(-1) / (6 * q**3) * angles[:, 0].cos()).sum())
    return total * (math.pi / 2 / CELLS) ** 2
