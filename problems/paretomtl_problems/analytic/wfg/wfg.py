"""WFG1 to WFG9 (Huband, Hingston, Barone and While 2006), any m, k and l."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.problems import Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, check_count, whole_front_only
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.simplex_and_sphere import even_sphere, orthant_ball
from paretomtl_problems.analytic.fronts.surface import SurfaceProblem
from paretomtl_problems.analytic.options import DERIVED, resolve, whole_number
from paretomtl_problems.analytic.wfg import fronts, transforms, wfg3_front

SOURCE = "Huband, Hingston, Barone and While 2006"

POOR = (
    "Made for evolutionary search, poor for gradient sweeps: kinks, flat parts and steep biases. "
    "A point outside the box is evaluated at its nearest point in the box, value and gradient."
)
KINK = "On the Pareto set the distance variables sit on a kink, |y - 0.35|: gradient 0 there is the mean."
ROUNDING = 1e-15

PYMOO = "pymoo's pareto_front() is drawn without a seed."


@dataclass(frozen=True, kw_only=True, eq=False)
class WFG(SurfaceProblem):
    """k variables place a point along the front, l others its distance to it; xi runs over [0, 2 i].

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, k + l; None for that.
        k: Number of position variables, a multiple of m - 1; None for 4 if m = 2, else 2 (m - 1).
        l: Number of distance variables, at least 1; None for n_variables - k, or 20.
    """

    n_objectives: int = 2  # pyright: ignore[reportIncompatibleMethodOverride]
    n_variables: int = DERIVED  # pyright: ignore[reportIncompatibleMethodOverride]
    k: int = DERIVED
    l: int = DERIVED  # noqa: E741 - the source's name

    def __post_init__(self) -> None:
        m = self.n_objectives
        whole_number(self, "n_objectives", low=2)
        resolve(self, "k", 4 if m == 2 else 2 * (m - 1))
        whole_number(self, "k", low=m - 1)
        if self.k % (m - 1):
            raise BadInput(
                f"{self.name!r} needs `k` as a multiple of m - 1 = {m - 1}; found {self.k}."
            )
        if self.n_variables is not DERIVED:
            whole_number(self, "n_variables", low=self.k + 1)
            resolve(self, "l", self.n_variables - self.k)
        resolve(self, "l", 20)
        whole_number(self, "l", low=1)
        resolve(self, "n_variables", self.k + self.l)
        if self.n_variables != self.k + self.l:
            raise BadInput(
                f"{self.name!r} has k + l variables; found k={self.k}, l={self.l} and "
                f"n_variables={self.n_variables}: leave one of them out."
            )

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Variable i runs from 0 to 2 i."""
        upper = torch.arange(2, 2 * self.n_variables + 1, 2, dtype=torch.float64)
        return torch.zeros_like(upper), upper

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(self.n_objectives, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """2 i in objective i."""
        return self._scale(torch.float64, torch.device("cpu"))

    @property
    def curve(self) -> Curve:
        """The exact front of two objectives: a quarter of an ellipse unless a problem has another."""
        return Curve(lambda t: self._scaled(transforms.concave(t.unsqueeze(-1)).flip(-1)))

    def _surface(self, n: int) -> Tensor:
        """Return points spread evenly over the unscaled front, scaled."""
        check_count(n)
        return self.nadir * self._even(n)

    def _volume(self, r: Tensor) -> float:
        """Return `prod(r)` less what the front leaves uncovered."""
        return float(r.prod()) - float(self.nadir.prod()) * self._uncovered()

    def _objectives(self, x: Variables) -> Losses:
        upper = torch.arange(2, 2 * self.n_variables + 1, 2, dtype=x.dtype, device=x.device)
        y = transforms.clamp_to_box(x / upper)
        position, distance = self._reduce(y)
        shape = self._shape(position, distance)
        return distance.unsqueeze(-1) + self._scale(x.dtype, x.device) * shape

    @abstractmethod
    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Transform normalised variables to x_1 .. x_{m-1}, [*batch, m - 1], and x_m, [*batch]."""

    def _shape(self, position: Tensor, distance: Tensor) -> Tensor:
        """Return h, [*batch, m]: the concave shape unless a problem has another."""
        return transforms.concave(position)

    def _even(self, n: int) -> Tensor:
        """Return points of the unscaled front: a sphere unless a problem has another."""
        return even_sphere(n, self.n_objectives)

    def _uncovered(self) -> float:
        """Return the volume of the unit box that the unscaled front does not dominate."""
        return orthant_ball(self.n_objectives)

    def _scaled(self, h: Tensor) -> Tensor:
        return h * self._scale(h.dtype, h.device)

    def _scale(self, dtype: torch.dtype, device: torch.device) -> Tensor:
        return torch.arange(2, 2 * self.n_objectives + 1, 2, dtype=dtype, device=device)

    def _split(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = y.split_with_sizes((self.k, self.n_variables - self.k), -1)
        return position, distance

    def _grouped(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = self._split(y)
        return self._groups(position), distance

    def _groups(self, y: Tensor) -> Tensor:
        """Split position variables into the m - 1 groups that are reduced together."""
        groups = self.n_objectives - 1
        return y.reshape(*y.shape[:-1], groups, y.shape[-1] // groups)

    def _means(self, position: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
        grouped = self._groups(position)  # sum and scale: its backward is cheaper than that of mean
        return (
            grouped.sum(-1) * (1.0 / grouped.shape[-1]),
            distance.sum(-1) * (1.0 / distance.shape[-1]),
        )

    def _nonseparable(self, position: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
        return transforms.reduce_nonseparable(
            self._groups(position)
        ), transforms.reduce_nonseparable(distance)


class PairedDistances(WFG):
    """WFG2 and WFG3: distance variables are coupled in pairs, so l must be even."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.l % 2:
            raise BadInput(f"{self.name!r} needs an even number `l`; found {self.l}.")

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = self._split(y)
        paired = transforms.pair_nonseparable(transforms.shift_linear(distance, 0.35))
        return self._means(position, paired)


@problems.register("wfg1")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG1(WFG):
    """Mixed front, flat bias of the distance variables and a polynomial bias y^0.02 of all."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Convex front with five waves; variables biased so that most of the box is far off.",
        source=SOURCE,
        family="WFG",
        front_shape="mixed",
        notes=(
            POOR,
            "y^0.02 is vertical at y = 0: below y = 1e-6 the gradient is that at 1e-6; values are exact.",
            (
                "A distance variable within rounding (1e-15) of its optimum counts as at it: y^0.02 would "
                "make 0.5 of one rounding error, and x / (2 i) rarely gives 0.35 exactly."
            ),
            "Where a distance variable is flat (0.75 < its transform < 0.85) its gradient is 0.",
            "pymoo's own front is 0.064 off, and drawn without a seed.",
        ),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = self._split(y)
        shifted = transforms.shift_linear(distance, 0.35)
        distance = transforms.bias_flat(shifted * (shifted > ROUNDING), 0.8, 0.75, 0.85)
        y = transforms.power(torch.cat((position, distance), -1), 0.02)
        weights = torch.arange(1, self.n_variables + 1, dtype=y.dtype, device=y.device)
        weighted = y * weights
        position, distance = (part.sum(-1) for part in self._grouped(weighted))
        shares, share = (part.sum(-1) for part in self._grouped(weights))
        return position / shares, distance / share

    def _shape(self, position: Tensor, distance: Tensor) -> Tensor:
        return fronts.mixed_point(position)

    @property
    def curve(self) -> Curve:
        """Convex, with five waves."""
        return Curve(lambda t: self._scaled(fronts.mixed_point(t.unsqueeze(-1))))

    def _even(self, n: int) -> Tensor:
        return fronts.even_mixed(n, self.n_objectives)

    def _uncovered(self) -> float:
        return fronts.uncovered_mixed(self.n_objectives)


@problems.register("wfg2")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG2(PairedDistances):
    """Front of six disconnected pieces; distance variables coupled in pairs."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Convex front in six disconnected pieces; coupled distance variables.",
        source=SOURCE,
        family="WFG",
        front_shape="disconnected",
        notes=(POOR, KINK, "Of 100 points of pymoo's own front, 56 are dominated.", PYMOO),
    )

    def _shape(self, position: Tensor, distance: Tensor) -> Tensor:
        return fronts.disconnected_point(position)

    @property
    def curve(self) -> Curve:
        """Convex, in six pieces."""
        return Curve(
            lambda t: self._scaled(fronts.disconnected_point(t.unsqueeze(-1))),
            fronts.disconnected_pieces(),
        )

    def _even(self, n: int) -> Tensor:
        return fronts.even_disconnected(n, self.n_objectives)

    def _uncovered(self) -> float:
        return fronts.uncovered_disconnected(self.n_objectives)


@problems.register("wfg3")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG3(PairedDistances):
    """Linear shape meant to degenerate to a line; distance variables coupled in pairs."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Linear shape whose front was meant to be a line in every number of objectives.",
        source=SOURCE,
        family="WFG",
        front_shape="degenerate",
        notes=(
            POOR,
            KINK,
            PYMOO,
            "For m = 2 the front is the line f1 / 2 + f2 / 4 = 1.",
            (
                "For m >= 3 the front is not only the intended line: points at a distance x_m > 0 from it "
                "are Pareto-optimal too (Ishibuchi, Masuda and Nojima 2016). For m = 3 it is known here: "
                "the line and a surface, nadir (3, 2, 6). For m >= 4 front() and best_hypervolume() refuse, "
                "line() gives the intended line, which is part of the front, and nadir is the upper bound "
                "2 i + 1 (2 m for the last)."
            ),
        ),
    )

    @property
    def nadir(self) -> Tensor:
        """(2, 4) for m = 2, (3, 2, 6) for m = 3, an upper bound beyond."""
        scale = super().nadir
        if self.n_objectives == 2:
            return scale
        if self.n_objectives == 3:
            return wfg3_front.nadir()
        scale[:-1] += 1.0
        return scale

    def line(self, n: int) -> Tensor:
        """Return `n` points of the line that the definition intended as the front, [n, m]."""
        check_count(n)
        x = torch.full((n, self.n_objectives - 1), 0.5, dtype=torch.float64)
        x[:, 0] = torch.linspace(0.0, 1.0, n, dtype=torch.float64)
        return self._scaled(transforms.linear(x))

    def front(self, n: int) -> Tensor:
        """Return `n` points of the front for m = 2 and 3.

        Raises:
            NoKnownFront: m is 4 or more.
        """
        if self.n_objectives == 2:
            return super().front(n)
        self._known("front")
        return wfg3_front.front(n)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the front for m = 2 and 3, and of the best N points for m = 2.

        Raises:
            NoKnownFront: m is 4 or more.
        """
        if self.n_objectives == 2:
            return super().best_hypervolume(n_points, reference_point=reference_point)
        self._known("best hypervolume")
        whole_front_only(self, n_points)
        return wfg3_front.hypervolume(beyond_nadir(self, reference_point))

    def _known(self, fact: str) -> None:
        if self.n_objectives > 3:
            raise NoKnownFront(
                f"the {fact} of 'wfg3' is known for 2 and 3 objectives; for {self.n_objectives} the "
                "intended line, WFG3.line(n), is only a part of the front."
            )

    def _shape(self, position: Tensor, distance: Tensor) -> Tensor:
        spread = torch.cat(
            (position[..., :1], distance.unsqueeze(-1) * (position[..., 1:] - 0.5) + 0.5), -1
        )
        return transforms.linear(spread)

    @property
    def curve(self) -> Curve:
        """The line `f1 / 2 + f2 / 4 = 1`."""
        return Curve(lambda t: self._scaled(transforms.linear(t.unsqueeze(-1))))

    def _uncovered(self) -> float:
        return 1.0 / math.factorial(self.n_objectives)


@problems.register("wfg4")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG4(WFG):
    """Concave front; every variable is multimodal, with 60 local optima."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; multimodal in every variable.",
        source=SOURCE,
        family="WFG",
        front_shape="concave",
        notes=(POOR, PYMOO),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        y = transforms.shift_multimodal(y, 30, 10.0, 0.35)
        return self._means(*self._split(y))


@problems.register("wfg5")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG5(WFG):
    """Concave front; every variable is deceptive: slopes lead away from its optimum at 0.35."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; deceptive in every variable.",
        source=SOURCE,
        family="WFG",
        front_shape="concave",
        notes=(
            POOR,
            KINK,
            "The valley to the optimum is 0.002 wide: from elsewhere gradients lead to the box's ends.",
            PYMOO,
        ),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        y = transforms.shift_deceptive(y, 0.35, 0.001, 0.05)
        return self._means(*self._split(y))


@problems.register("wfg6")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG6(WFG):
    """Concave front; position and distance variables are nonseparable."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; nonseparable variables.",
        source=SOURCE,
        family="WFG",
        front_shape="concave",
        notes=(POOR, KINK, PYMOO),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = self._split(y)
        return self._nonseparable(position, transforms.shift_linear(distance, 0.35))


BIASED = (
    "Biased powers y^e, e from 0.02 to 50, are vertical at y = 0 where e < 1: below y = 1e-6 the "
    "gradient is that at 1e-6; values are exact."
)


@problems.register("wfg7")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG7(WFG):
    """Concave front; each position variable is biased by the mean of all variables after it."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; position biased by the later variables.",
        source=SOURCE,
        family="WFG",
        front_shape="concave",
        notes=(POOR, KINK, BIASED, PYMOO),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = self._split(y)
        position = transforms.bias_parameter(position, transforms.tail_means(y)[..., : self.k])
        return self._means(position, transforms.shift_linear(distance, 0.35))


@problems.register("wfg8")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG8(WFG):
    """Concave front; each distance variable is biased by the mean of all variables before it."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; distance biased by the earlier variables, so the optimum moves.",
        source=SOURCE,
        family="WFG",
        front_shape="concave",
        notes=(POOR, KINK, BIASED, PYMOO),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        position, distance = self._split(y)
        distance = transforms.bias_parameter(distance, transforms.head_means(y)[..., self.k - 1 :])
        return self._means(position, transforms.shift_linear(distance, 0.35))


@problems.register("wfg9")
@dataclass(frozen=True, kw_only=True, eq=False)
class WFG9(WFG):
    """Concave front; biased by later variables, deceptive, multimodal and nonseparable."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; bias, deception, many local optima and nonseparability together.",
        source=SOURCE,
        family="WFG",
        front_shape="concave",
        notes=(POOR, BIASED),
    )

    def _reduce(self, y: Tensor) -> tuple[Tensor, Tensor]:
        biased = transforms.bias_parameter(y[..., :-1], transforms.tail_means(y))
        position, distance = self._split(torch.cat((biased, y[..., -1:]), -1))
        return self._nonseparable(
            transforms.shift_deceptive(position, 0.35, 0.001, 0.05),
            transforms.shift_multimodal(distance, 30, 95.0, 0.35),
        )
