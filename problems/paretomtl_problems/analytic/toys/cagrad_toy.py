"""The two-task toy of CAGrad, in its three published settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.toys.starts import FixedStarts

Setting: TypeAlias = Literal["cagrad", "nash_mtl", "famo"]

CAGRAD_STARTS = ((-8.5, 7.5), (-8.5, -5.0), (9.0, 9.0))
LATER_STARTS = ((-8.5, 7.5), (0.0, 0.0), (9.0, 9.0), (-7.5, -0.5), (9.0, -1.0))


@problems.register("cagrad_toy")
@dataclass(frozen=True, kw_only=True, eq=False)
class CAGradToy(FixedStarts, CurveProblem):
    """Steep logarithmic valleys above the x1 axis, two shallow bowls below it.

    With `c1 = max(tanh(x2/2), 0)`, `c2 = max(tanh(-x2/2), 0)`:
    `L1 = s (c1 (ln max(|0.5 (-x1 - 7) + tanh x2|, 5e-6) + 6) + c2 (((x1 - 7)^2 + 0.1 (x2 + 8)^2) / 10 - 20))`,
    `L2 = c1 (ln max(|0.5 (-x1 + 3) - tanh x2 + 2|, 5e-6) + 6) + c2 (((x1 + 7)^2 + 0.1 (x2 + 8)^2) / 10 - 20)`.

    Args:
        setting: "cagrad" (s = 1, three starts), "nash_mtl" or "famo" (s = 0.1, the same five starts).
        start_index: Which of the published starts, from 0; None draws one by the seed.
    """

    setting: Setting = "nash_mtl"

    card = ProblemCard(
        summary="Tests optimization, not coverage: valleys, a tenfold scale, three to five hard starts.",
        source="Liu et al. 2021 (CAGrad); Navon et al. 2022 (Nash-MTL); Liu et al. 2023 (FAMO)",
        family="multi-task toy",
        front_shape="convex",
        notes=(
            "Losses are negative near the front: methods that need positive losses want a shift (FAMO: 21 s and 21).",
            "cagrad: Adam 1e-3, 100 000 steps; nash_mtl: Adam 1e-3, 35 000 steps; famo: Adam 1e-3, 50 000 steps.",
            "The Pareto set bends, x2 from -8.4345 at its ends to -8.3551; the straight segment that the repositories draw at x2 = -8.3552 is right in its middle only.",
            "The start (0, 0) lies on both clamps and moves only because torch's clamp has slope one at its bound.",
            "Unbounded.",
        ),
    )

    def __post_init__(self) -> None:
        if self.setting not in get_args(Setting):
            raise BadInput(
                f"'cagrad_toy' needs `setting` as one of {', '.join(get_args(Setting))}; "
                f"found {self.setting!r}."
            )
        super().__post_init__()

    @property
    def _points(self) -> tuple[tuple[float, float], ...]:
        return CAGRAD_STARTS if self.setting == "cagrad" else LATER_STARTS

    @property
    def scale(self) -> float:
        """The factor s of the first loss."""
        return 1.0 if self.setting == "cagrad" else 0.1

    @property
    def lower_bound(self) -> float:
        """-20, the depth of the bowls."""
        return -20.0

    @property
    def curve(self) -> Curve:
        """The front for x1 from 7 to -7, with x2 where the weighted sum that prefers it is stationary."""

        def point(t: Tensor) -> Tensor:
            x1 = 7 * (1 - 2 * t)
            return self._objectives(torch.stack((x1, _valley(4.9 - 0.1 * x1.square())), -1))

        return Curve(point)

    def _objectives(self, x: Variables) -> Losses:
        x1, x2 = x[..., 0], x[..., 1]
        above, below, bend = (x2 / 2).tanh().clamp_min(0), (-x2 / 2).tanh().clamp_min(0), x2.tanh()
        wall1 = (0.5 * (-x1 - 7) + bend).abs().clamp_min(5e-6).log() + 6
        wall2 = (0.5 * (-x1 + 3) - bend + 2).abs().clamp_min(5e-6).log() + 6
        depth = 0.1 * (x2 + 8).square()
        bowl1 = ((x1 - 7).square() + depth) / 10 - 20
        bowl2 = ((x1 + 7).square() + depth) / 10 - 20
        losses = above * wall1 + below * bowl1, above * wall2 + below * bowl2
        return torch.stack((self.scale * losses[0], losses[1]), -1)


def _valley(spread: Tensor) -> Tensor:
    """Return the x2 < 0 that minimizes `tanh(-x2 / 2) (spread + 0.01 (x2 + 8)^2 - 20)`.

    Newton's method on the stationarity; only its last step is differentiable, which makes the
    derivative by `spread` that of the implicit function.
    """
    x = torch.full_like(spread, -8.4)
    for last in (False,) * 30 + (True,):
        a = spread if last else spread.detach()
        bowl = a + 0.01 * (x + 8).square() - 20
        # (tanh(-x/2) bowl)' = 0, times -2 cosh(x/2)^2: bowl + sinh(x) 0.02 (x + 8) = 0
        value = bowl + 0.02 * x.sinh() * (x + 8)
        slope = 0.02 * (x + 8) + 0.02 * (x.cosh() * (x + 8) + x.sinh())
        x = x - value / slope
    return x
