"""RE31 to RE37: engineering problems with three objectives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.re.base import (
    DISCRETE,
    KINKS,
    SOURCE,
    EngineeringProblem,
    engineering_card,
    nearest_integer,
    violation,
)

_R2 = math.sqrt(2.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ThreeObjectives(EngineeringProblem):
    """An engineering problem with three objectives."""

    @property
    def n_objectives(self) -> int:
        """Three."""
        return 3


@problems.register("re31")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE31(ThreeObjectives):
    """Two-bar truss: structural weight, displacement, constraint violation."""

    card = engineering_card(
        "RE31",
        summary="Two-bar truss: structural weight, displacement of the joint, constraint violation.",
        source="Coello & Pulido 2005",
        notes=(
            KINKS,
            "Some stored points can be bettered, by up to 0.02 of the range, in one objective alone.",
            "Objectives span eleven orders of magnitude (x1, x2 down to 1e-5): scale before comparing.",
        ),
    )
    box = ((1e-5, 100.0), (1e-5, 100.0), (1.0, 3.0))

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3 = x.unbind(-1)
        long, short = (16.0 + x3 * x3).sqrt(), (1.0 + x3 * x3).sqrt()
        weight = x1 * long + x2 * short
        displacement = 20.0 * long / (x1 * x3)
        stress = 80.0 * short / (x3 * x2)
        violated = violation(0.1 - weight, 1e5 - displacement, 1e5 - stress)
        return torch.stack((weight, displacement, violated), -1)


@problems.register("re32")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE32(ThreeObjectives):
    """Welded beam: cost, end deflection, constraint violation."""

    card = engineering_card(
        "RE32",
        summary="Welded beam: cost, deflection of the end, constraint violation.",
        source="Ray & Liew 2002",
        notes=(KINKS,),
    )
    box = ((0.125, 5.0), (0.1, 10.0), (0.1, 10.0), (0.125, 5.0))

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3, x4 = x.unbind(-1)
        load, overhang, young, shear = 6000.0, 14.0, 30e6, 12e6
        cost = 1.10471 * x1 * x1 * x2 + 0.04811 * x3 * x4 * (overhang + x2)
        deflection = 4.0 * load * overhang**3 / (young * x4 * x3**3)
        moment = load * (overhang + x2 / 2.0)
        half = ((x1 + x3) / 2.0) ** 2
        radius = (x2 * x2 / 4.0 + half).sqrt()
        polar = 2.0 * (_R2 * x1 * x2 * (x2 * x2 / 12.0 + half))
        primary = load / (_R2 * x1 * x2)
        secondary = moment * radius / polar
        stress = (primary**2 + primary * secondary * x2 / radius + secondary**2).sqrt()
        bending = 6.0 * load * overhang / (x4 * x3 * x3)
        # sqrt(x3^2 x4^6 / 36) = x3 x4^3 / 6 in the box, and smooth outside it.
        buckling = (4.013 * young / (6.0 * overhang**2)) * x3 * x4**3
        buckling = buckling * (1.0 - x3 / (2.0 * overhang) * math.sqrt(young / (4.0 * shear)))
        violated = violation(13600.0 - stress, 30000.0 - bending, x4 - x1, buckling - load)
        return torch.stack((cost, deflection, violated), -1)


@problems.register("re33")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE33(ThreeObjectives):
    """Disc brake: mass, stopping time, constraint violation."""

    card = engineering_card(
        "RE33",
        summary="Disc brake: mass, stopping time, constraint violation.",
        source="Ray & Liew 2002",
        front_accuracy=1e-6,
        notes=(
            KINKS,
            (
                "The box holds points whose outer radius x2 is below the inner one x1: there the mass is "
                "negative, and at x1 = x2 stopping time and constraints are 0/0: NaN, left as it is."
            ),
            (
                "Flat, bent valleys stop the programs early: other starts bettered stored points by 1.5e-8 in "
                "all objectives, and some by 0.04 of the range in one objective alone."
            ),
        ),
    )
    box = ((55.0, 80.0), (75.0, 110.0), (1000.0, 3000.0), (11.0, 20.0))

    @property
    def lower_bound(self) -> float:
        """The mass of the most inverted brake in the box."""
        return -0.721525

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3, x4 = x.unbind(-1)
        ring = x2 * x2 - x1 * x1
        cube = x2**3 - x1**3
        mass = 4.9e-5 * ring * (x4 - 1.0)
        time = 9.82e6 * ring / (x3 * x4 * cube)
        violated = violation(
            (x2 - x1) - 20.0,
            0.4 - x3 / (3.14 * ring),
            1.0 - 2.22e-3 * x3 * cube / ring**2,
            2.66e-2 * x3 * x4 * cube / ring - 900.0,
        )
        return torch.stack((mass, time, violated), -1)


@problems.register("re34")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE34(ThreeObjectives):
    """Vehicle crashworthiness: mass, acceleration, toe-board intrusion."""

    card = engineering_card(
        "RE34",
        summary="Vehicle crashworthiness: mass, acceleration of collision, toe-board intrusion.",
        source="Liao et al. 2008",
    )
    box = ((1.0, 3.0),) * 5

    @property
    def lower_bound(self) -> float:
        """Below every value of the quadratic intrusion model in the box (0.0394 at its least)."""
        return 0.0

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3, x4, x5 = x.unbind(-1)
        mass = (
            1640.2823
            + 2.3573285 * x1
            + 2.3220035 * x2
            + 4.5688768 * x3
            + 7.7213633 * x4
            + 4.4559504 * x5
        )
        acceleration = (
            6.5856
            + 1.15 * x1
            - 1.0427 * x2
            + 0.9738 * x3
            + 0.8364 * x4
            - 0.3695 * x1 * x4
            + 0.0861 * x1 * x5
            + 0.3628 * x2 * x4
            - 0.1106 * x1 * x1
            - 0.3437 * x3 * x3
            + 0.1764 * x4 * x4
        )
        intrusion = (
            -0.0551
            + 0.0181 * x1
            + 0.1024 * x2
            + 0.0421 * x3
            - 0.0073 * x1 * x2
            + 0.024 * x2 * x3
            - 0.0118 * x2 * x4
            - 0.0204 * x3 * x4
            - 0.008 * x3 * x5
            - 0.0241 * x2 * x2
            + 0.0109 * x4 * x4
        )
        return torch.stack((mass, acceleration, intrusion), -1)


@problems.register("re35")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE35(ThreeObjectives):
    """Speed reducer: weight, stress of the first shaft, constraint violation; integer teeth."""

    card = engineering_card(
        "RE35",
        summary="Speed reducer: weight, stress in the first shaft, constraint violation.",
        source="Farhang-Mehr & Azarm 2002",
        differentiable=False,
        notes=(
            KINKS,
            DISCRETE.format(variables="x3 (number of teeth) is", tie="the even one"),
        ),
    )
    box = ((2.6, 3.6), (0.7, 0.8), (17.0, 28.0), (7.3, 8.3), (7.3, 8.3), (2.9, 3.9), (5.0, 5.5))

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3, x4, x5, x6, x7 = x.unbind(-1)
        x3 = nearest_integer(x3)
        weight = (
            0.7854 * x1 * (x2 * x2) * (10.0 * x3 * x3 / 3.0 + 14.933 * x3 - 43.0934)
            - 1.508 * x1 * (x6 * x6 + x7 * x7)
            + 7.477 * (x6**3 + x7**3)
            + 0.7854 * (x4 * x6 * x6 + x5 * x7 * x7)
        )
        face = x2 * x3
        first = ((745.0 * x4 / face) ** 2 + 1.69e7).sqrt() / (0.1 * x6**3)
        second = ((745.0 * x5 / face) ** 2 + 1.575e8).sqrt() / (0.1 * x7**3)
        bending = 1.0 / (x1 * x2 * x2 * x3)
        violated = violation(
            1.0 / 27.0 - bending,
            1.0 / 397.5 - bending / x3,
            1.0 / 1.93 - x4**3 / (face * x6**4),
            1.0 / 1.93 - x5**3 / (face * x7**4),
            40.0 - face,
            12.0 - x1 / x2,
            x1 / x2 - 5.0,
            x4 - 1.5 * x6 - 1.9,
            x5 - 1.1 * x7 - 1.9,
            1300.0 - first,
            1100.0 - second,
        )
        return torch.stack((weight, first, violated), -1)


@problems.register("re36")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE36(ThreeObjectives):
    """Gear train: error of the ratio, largest gear, constraint violation; four integers."""

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Gear train: error of the gear ratio 6.931, teeth of the largest gear, violation.",
        source=f"Deb & Srinivasan 2006; RE36 in {SOURCE}",
        family="RE",
        front_shape="disconnected",
        differentiable=False,
        notes=(
            (
                "The box holds 49^4 integer points: the front was enumerated by benchmarks/references/re_fronts.py "
                "and is exact; the file data/re36.csv holds all of it."
            ),
            KINKS,
            DISCRETE.format(variables="All four variables (teeth) are", tie="the even one"),
            "Where two gears tie for the largest, max() has the mean of their gradients.",
        ),
    )
    box = ((12.0, 60.0),) * 4

    def _objectives(self, x: Variables) -> Losses:
        teeth = nearest_integer(x)
        x1, x2, x3, x4 = teeth.unbind(-1)
        error = (6.931 - (x3 / x1) * (x4 / x2)).abs()
        return torch.stack((error, teeth.amax(-1), violation(0.5 - error / 6.931)), -1)


@problems.register("re37")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE37(ThreeObjectives):
    """Rocket injector: maximum face temperature, distance from the inlet, tip temperature."""

    card = engineering_card(
        "RE37",
        summary="Rocket injector: face temperature, combustion length, temperature of the post tip.",
        source="Vaidyanathan et al. 2003",
        notes=("The third response surface takes negative values.",),
    )
    box = ((0.0, 1.0),) * 4

    @property
    def lower_bound(self) -> float:
        """Below every value of the three response surfaces in the box."""
        return -0.5

    def _objectives(self, x: Variables) -> Losses:
        a, h, o, p = x.unbind(-1)
        face = (
            0.692
            + 0.477 * a
            - 0.687 * h
            - 0.080 * o
            - 0.0650 * p
            - 0.167 * a * a
            - 0.0129 * h * a
            + 0.0796 * h * h
            - 0.0634 * o * a
            - 0.0257 * o * h
            + 0.0877 * o * o
            - 0.0521 * p * a
            + 0.00156 * p * h
            + 0.00198 * p * o
            + 0.0184 * p * p
        )
        length = (
            0.153
            - 0.322 * a
            + 0.396 * h
            + 0.424 * o
            + 0.0226 * p
            + 0.175 * a * a
            + 0.0185 * h * a
            - 0.0701 * h * h
            - 0.251 * o * a
            + 0.179 * o * h
            + 0.0150 * o * o
            + 0.0134 * p * a
            + 0.0296 * p * h
            + 0.0752 * p * o
            + 0.0192 * p * p
        )
        tip = (
            0.370
            - 0.205 * a
            + 0.0307 * h
            + 0.108 * o
            + 1.019 * p
            - 0.135 * a * a
            + 0.0141 * h * a
            + 0.0998 * h * h
            + 0.208 * o * a
            - 0.0301 * o * h
            - 0.226 * o * o
            + 0.353 * p * a
            - 0.0497 * p * o
            - 0.423 * p * p
            + 0.202 * h * a * a
            - 0.281 * o * a * a
            - 0.342 * h * h * a
            - 0.245 * h * h * o
            + 0.281 * o * o * h
            - 0.184 * p * p * a
            - 0.281 * h * a * o
        )
        return torch.stack((face, length, tip), -1)
