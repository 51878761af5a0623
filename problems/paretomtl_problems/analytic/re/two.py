"""RE21 to RE25: engineering problems with two objectives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from paretomtl.problems import problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.re.base import (
    DISCRETE,
    KINKS,
    EngineeringProblem,
    engineering_card,
    nearest_integer,
    nearest_of,
    violation,
)

_R2 = math.sqrt(2.0)

# Areas of reinforcing steel in square inches, after Amir & Hasegawa (1989).
# fmt: off
STEEL_AREAS = (
    0.2, 0.31, 0.4, 0.44, 0.6, 0.62, 0.79, 0.8, 0.88, 0.93, 1.0, 1.2, 1.24, 1.32, 1.4, 1.55, 1.58,
    1.6, 1.76, 1.8, 1.86, 2.0, 2.17, 2.2, 2.37, 2.4, 2.48, 2.6, 2.64, 2.79, 2.8, 3.0, 3.08, 3.1,
    3.16, 3.41, 3.52, 3.6, 3.72, 3.95, 3.96, 4.0, 4.03, 4.2, 4.34, 4.4, 4.65, 4.74, 4.8, 4.84, 5.0,
    5.28, 5.4, 5.53, 5.72, 6.0, 6.16, 6.32, 6.6, 7.11, 7.2, 7.8, 7.9, 8.0, 8.4, 8.69, 9.0, 9.48,
    10.27, 11.0, 11.06, 11.85, 12.0, 13.0, 14.0, 15.0,
)
# Diameters of spring wire in inches, after Lampinen & Zelinka (1999).
WIRE_DIAMETERS = (
    0.009, 0.0095, 0.0104, 0.0118, 0.0128, 0.0132, 0.014, 0.015, 0.0162, 0.0173, 0.018, 0.02, 0.023,
    0.025, 0.028, 0.032, 0.035, 0.041, 0.047, 0.054, 0.063, 0.072, 0.08, 0.092, 0.105, 0.12, 0.135,
    0.148, 0.162, 0.177, 0.192, 0.207, 0.225, 0.244, 0.263, 0.283, 0.307, 0.331, 0.362, 0.394,
    0.4375, 0.5,
)
# fmt: on


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoObjectives(EngineeringProblem):
    """An engineering problem with two objectives."""

    @property
    def n_objectives(self) -> int:
        """Two."""
        return 2


@problems.register("re21")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE21(TwoObjectives):
    """Four-bar truss: structural volume against joint displacement."""

    card = engineering_card(
        "RE21",
        summary="Four-bar truss: structural volume (cm^3) against joint displacement (cm).",
        source="Cheng & Li 1999",
        front_shape="convex",
        notes=("The nadir published with the suite's code (2086.37, 0.00341421) is stale.",),
    )
    box = ((1.0, 3.0), (_R2, 3.0), (_R2, 3.0), (1.0, 3.0))

    def _objectives(self, x: Variables) -> Losses:
        load, modulus, length = 10.0, 2e5, 200.0
        x1, x2, x3, x4 = x.unbind(-1)
        volume = length * (2 * x1 + _R2 * x2 + x3.sqrt() + x4)
        displacement = (2 / x1 + 2 * _R2 / x2 - 2 * _R2 / x3 + 2 / x4) * (load * length / modulus)
        return torch.stack((volume, displacement), -1)


@problems.register("re22")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE22(TwoObjectives):
    """Reinforced concrete beam: cost against constraint violation; one discrete variable."""

    card = engineering_card(
        "RE22",
        summary="Reinforced concrete beam: cost of concrete and steel against constraint violation.",
        source="Amir & Hasegawa 1989",
        differentiable=False,
        notes=(
            KINKS,
            DISCRETE.format(variables="x1 (area of steel, a list of 76) is", tie="the lower"),
            (
                "At x2 = 0 the first constraint is -inf and the second +-inf: the violation is +inf there "
                "and the gradient not finite; the definition's own singularity, left as it is."
            ),
            "The suite's published code has a typo in the list of areas (`3, 10` for 3.10).",
        ),
    )
    box = ((0.2, 15.0), (0.0, 20.0), (0.0, 40.0))

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3 = x.unbind(-1)
        x1 = nearest_of(x1, STEEL_AREAS)
        cost = 29.4 * x1 + 0.6 * x2 * x3
        strength = x1 * x3 - 7.735 * (x1 * x1 / x2) - 180.0
        slenderness = 4.0 - x3 / x2
        return torch.stack((cost, violation(strength, slenderness)), -1)


@problems.register("re23")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE23(TwoObjectives):
    """Pressure vessel: cost against constraint violation; two discrete variables."""

    card = engineering_card(
        "RE23",
        summary="Pressure vessel: cost of material, forming and welding against constraint violation.",
        source="Kannan & Kramer 1994",
        differentiable=False,
        notes=(
            KINKS,
            DISCRETE.format(variables="x1 and x2 (thickness in 1/16 inch) are", tie="the even one"),
        ),
    )
    box = ((1.0, 100.0), (1.0, 100.0), (10.0, 200.0), (10.0, 240.0))

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3, x4 = x.unbind(-1)
        x1, x2 = 0.0625 * nearest_integer(x1), 0.0625 * nearest_integer(x2)
        cost = (
            0.6224 * x1 * x3 * x4
            + 1.7781 * x2 * x3 * x3
            + 3.1661 * x1 * x1 * x4
            + 19.84 * x1 * x1 * x3
        )
        volume = math.pi * x3 * x3 * x4 + (4 / 3) * math.pi * x3 * x3 * x3 - 1_296_000.0
        return torch.stack((cost, violation(x1 - 0.0193 * x3, x2 - 0.00954 * x3, volume)), -1)


@problems.register("re24")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE24(TwoObjectives):
    """Hatch cover: weight against constraint violation."""

    card = engineering_card(
        "RE24",
        summary="Hatch cover: weight against constraint violation.",
        source="Amir & Hasegawa 1989",
        notes=(KINKS,),
    )
    box = ((0.5, 4.0), (0.5, 50.0))

    def _objectives(self, x: Variables) -> Losses:
        flange, beam = x.unbind(-1)
        modulus = 700_000.0
        bending = 4500.0 / (flange * beam)
        buckling = modulus * flange * flange / 100.0
        shear = 1800.0 / beam
        deflection = 56.2e4 / (modulus * flange * beam * beam)
        violated = violation(
            1.0 - bending / 700.0,
            1.0 - shear / 450.0,
            1.0 - deflection / 1.5,
            1.0 - bending / buckling,
        )
        return torch.stack((flange + 120.0 * beam, violated), -1)


@problems.register("re25")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE25(TwoObjectives):
    """Coil compression spring: wire volume against constraint violation; two discrete variables."""

    card = engineering_card(
        "RE25",
        summary="Coil compression spring: volume of steel wire against constraint violation.",
        source="Lampinen & Zelinka 1999",
        differentiable=False,
        notes=(
            KINKS,
            DISCRETE.format(
                variables="x1 (coils, integer) and x3 (wire diameter, a list of 42) are",
                tie="the even or the lower",
            ),
        ),
    )
    box = ((1.0, 70.0), (0.6, 3.0), (0.09, 0.5))

    def _objectives(self, x: Variables) -> Losses:
        coils, coil, wire = x.unbind(-1)
        coils, wire = nearest_integer(coils), nearest_of(wire, WIRE_DIAMETERS)
        index = coil / wire
        max_load, preload, shear_modulus = 1000.0, 300.0, 11.5e6
        stress_factor = (4.0 * index - 1.0) / (4.0 * index - 4.0) + 0.615 / index
        stiffness = shear_modulus * wire**4 / (8.0 * coils * coil**3)
        solid = 1.05 * (coils + 2.0) * wire
        free_length = max_load / stiffness + solid
        deflection = preload / stiffness
        travel = (max_load - preload) / stiffness
        violated = violation(
            189_000.0 - 8.0 * stress_factor * max_load * coil / (math.pi * wire**3),
            14.0 - free_length,
            index - 3.0,
            6.0 - deflection,
            free_length - deflection - travel - solid,
            1.25 - travel,
        )
        volume = (math.pi**2 / 4.0) * coil * wire * wire * (coils + 2.0)
        return torch.stack((volume, violated), -1)
