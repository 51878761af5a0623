"""RE41, RE42, RE61 and RE91: engineering problems with four, six and nine objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.problems import problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.re.base import (
    KINKS,
    EngineeringProblem,
    engineering_card,
    violation,
)


@problems.register("re41")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE41(EngineeringProblem):
    """Car side impact: weight, pubic force, velocity of the pillar, constraint violation."""

    card = engineering_card(
        "RE41",
        summary="Car side impact: weight, pubic force, mean velocity of the V-pillar, violation.",
        source="Jain & Deb 2014",
        notes=(KINKS,),
    )
    box = (
        (0.5, 1.5),
        (0.45, 1.35),
        (0.5, 1.5),
        (0.5, 1.5),
        (0.875, 2.625),
        (0.4, 1.2),
        (0.4, 1.2),
    )

    @property
    def n_objectives(self) -> int:
        """Four."""
        return 4

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3, x4, x5, x6, x7 = x.unbind(-1)
        weight = (
            1.98
            + 4.9 * x1
            + 6.67 * x2
            + 6.98 * x3
            + 4.01 * x4
            + 1.78 * x5
            + 0.00001 * x6
            + 2.73 * x7
        )
        force = 4.72 - 0.5 * x4 - 0.19 * x2 * x3
        pillar = 10.58 - 0.674 * x1 * x2 - 0.67275 * x2
        door = 16.45 - 0.489 * x3 * x7 - 0.843 * x5 * x6
        abdomen = 1.16 - 0.3717 * x2 * x4 - 0.0092928 * x3
        upper = (
            0.261
            - 0.0159 * x1 * x2
            - 0.06486 * x1
            - 0.019 * x2 * x7
            + 0.0144 * x3 * x5
            + 0.0154464 * x6
        )
        middle = (
            0.214
            + 0.00817 * x5
            - 0.045195 * x1
            - 0.0135168 * x1
            + 0.03099 * x2 * x6
            - 0.018 * x2 * x7
            + 0.007176 * x3
            + 0.023232 * x3
            - 0.00364 * x5 * x6
            - 0.018 * x2 * x2
        )
        lower = 0.74 - 0.61 * x2 - 0.031296 * x3 - 0.031872 * x7 + 0.227 * x2 * x2
        upper_rib = 28.98 + 3.818 * x3 - 4.2 * x1 * x2 + 1.27296 * x6 - 2.68065 * x7
        middle_rib = 33.86 + 2.95 * x3 - 5.057 * x1 * x2 - 3.795 * x2 - 3.4431 * x7 + 1.45728
        lower_rib = 46.36 - 9.9 * x2 - 4.4505 * x1
        violated = violation(
            1.0 - abdomen,
            0.32 - upper,
            0.32 - middle,
            0.32 - lower,
            32.0 - upper_rib,
            32.0 - middle_rib,
            32.0 - lower_rib,
            4.0 - force,
            9.9 - pillar,
            15.7 - door,
        )
        return torch.stack((weight, force, 0.5 * (pillar + door), violated), -1)


@problems.register("re42")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE42(EngineeringProblem):
    """Conceptual marine design: transport cost, light ship weight, minus the annual cargo, violation."""

    card = engineering_card(
        "RE42",
        summary="Bulk carrier: transport cost, light ship weight, minus the annual cargo, violation.",
        source="Parsons & Scott 2004",
        notes=(
            KINKS,
            (
                "The annual cargo is maximised: the third objective is its negative. In a part of the box "
                "the resistance formula a + b Fn is negative, and so are power, weights and costs there, "
                "or NaN (fractional powers of a negative number), as in the definition."
            ),
        ),
    )
    box = ((150.0, 274.32), (20.0, 32.31), (13.0, 25.0), (10.0, 11.71), (14.0, 18.0), (0.63, 0.75))

    @property
    def n_objectives(self) -> int:
        """Four."""
        return 4

    @property
    def lower_bound(self) -> float:
        """None is stated: the transport cost is a quotient whose denominator changes sign."""
        return float("-inf")

    def _objectives(self, x: Variables) -> Losses:
        length, beam, depth, draft, speed, block = x.unbind(-1)
        displacement = 1.025 * length * beam * draft * block
        froude = 0.5144 * speed / (9.8065 * length).sqrt()
        a = 4977.06 * block * block - 8105.61 * block + 4456.51
        b = -10847.2 * block * block + 12817.0 * block - 6960.32
        power = displacement ** (2.0 / 3.0) * speed**3 / (a + b * froude)
        outfit = length**0.8 * beam**0.6 * depth**0.3 * block**0.1
        steel = 0.034 * length**1.7 * beam**0.7 * depth**0.4 * block**0.5
        light_ship = steel + outfit + 0.17 * power**0.9
        ship_cost = 1.3 * (2000.0 * steel**0.85 + 3500.0 * outfit + 2400.0 * power**0.8)
        deadweight = displacement - light_ship
        running = 40000.0 * deadweight**0.3
        # The definition multiplies by the speed here, where a quotient was meant; as published.
        sea_days = (5000.0 / 24.0) * speed
        daily_fuel = 0.19 * power * 24.0 / 1000.0 + 0.2
        fuel_cost = 1.05 * daily_fuel * sea_days * 100.0
        port_cost = 6.3 * deadweight**0.8
        cargo = deadweight - daily_fuel * (sea_days + 5.0) - 2.0 * deadweight**0.5
        port_days = 2.0 * (cargo / 8000.0 + 0.5)
        trips = 350.0 / (sea_days + port_days)
        annual_cost = 0.2 * ship_cost + running + (fuel_cost + port_cost) * trips
        annual_cargo = cargo * trips
        metacenter = 0.53 * draft + (0.085 * block - 0.002) * beam * beam / (draft * block)
        violated = violation(
            length / beam - 6.0,
            15.0 - length / depth,
            19.0 - length / draft,
            0.45 * deadweight**0.31 - draft,
            0.7 * depth + 0.7 - draft,
            500000.0 - deadweight,
            deadweight - 3000.0,
            0.32 - froude,
            metacenter - (1.0 + 0.52 * depth) - 0.07 * beam,
        )
        return torch.stack((annual_cost / annual_cargo, light_ship, -annual_cargo, violated), -1)


@problems.register("re61")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE61(EngineeringProblem):
    """Water resource planning: five costs of a storm drainage system and the constraint violation."""

    card = engineering_card(
        "RE61",
        summary="Storm drainage of an urban area: network, storage, treatment, damage, loss, violation.",
        source="Musselman & Talavage 1980, Ray et al. 2001",
        notes=(KINKS,),
    )
    box = ((0.01, 0.45), (0.01, 0.10), (0.01, 0.10))

    @property
    def n_objectives(self) -> int:
        """Six."""
        return 6

    def _objectives(self, x: Variables) -> Losses:
        x1, x2, x3 = x.unbind(-1)
        product = x1 * x2
        inverse = 1.0 / product
        network = 106780.37 * (x2 + x3) + 61704.67
        treatment = (305700.0 * 2289.0 / (0.06 * 2289.0) ** 0.65) * x2
        damage = (250.0 * 2289.0) * (-39.75 * x2 + 9.9 * x3 + 2.74).exp()
        loss = 25.0 * (1.39 * inverse + 4940.0 * x3 - 80.0)
        violated = violation(
            1.0 - (0.00139 * inverse + 4.94 * x3 - 0.08),
            1.0 - (0.000306 * inverse + 1.082 * x3 - 0.0986),
            50000.0 - (12.307 * inverse + 49408.24 * x3 + 4051.02),
            16000.0 - (2.098 * inverse + 8046.33 * x3 - 696.71),
            10000.0 - (2.138 * inverse + 7883.39 * x3 - 705.04),
            2000.0 - (0.417 * product + 1721.26 * x3 - 136.54),
            550.0 - (0.164 * inverse + 631.13 * x3 - 54.48),
        )
        return torch.stack((network, 3000.0 * x1, treatment, damage, loss, violated), -1)


@problems.register("re91")
@dataclass(frozen=True, kw_only=True, eq=False)
class RE91(EngineeringProblem):
    """Car cab design: weight and eight responses to a side impact, each relative to its limit."""

    card = engineering_card(
        "RE91",
        summary="Car cab: weight and eight side-impact responses, each relative to its limit.",
        source="Deb et al. 2009",
        notes=(
            (
                "In the source four parameters (x8 to x11: two materials, barrier height and hitting "
                "position) are drawn anew at every evaluation. A benchmark needs a function: here they are "
                "fixed at their means (0.345, 0.192, 0, 0), so values differ from the suite's random ones."
            ),
            "Responses are cut off at 0: the gradient is zero where a response is at 0.",
        ),
    )
    box = RE41.box
    parameter_means: ClassVar[tuple[float, float, float, float]] = (0.345, 0.192, 0.0, 0.0)

    @property
    def n_objectives(self) -> int:
        """Nine."""
        return 9

    def _objectives(self, x: Variables) -> Losses:
        means = torch.tensor(self.parameter_means, dtype=x.dtype, device=x.device)
        return car_cab(x, means)


def car_cab(x: Tensor, parameters: Tensor) -> Tensor:
    """Evaluate RE91's nine responses at 7 variables and the 4 uncertain parameters x8 to x11."""
    inputs = (*x.unbind(-1), *parameters.unbind(-1))
    x1, x2, x3, x4, x5, x6, x7, *_ = inputs
    weight = (
        1.98 + 4.9 * x1 + 6.67 * x2 + 6.98 * x3 + 4.01 * x4 + 1.75 * x5 + 0.00001 * x6 + 2.73 * x7
    )
    abdomen, upper, middle, lower = _loads(inputs)
    ribs = _rib_deflection(inputs)
    force, pillar, door = _body(inputs)
    responses = torch.stack(
        (
            abdomen,
            upper / 0.32,
            middle / 0.32,
            lower / 0.32,
            ribs / 32.0,
            force / 4.0,
            pillar / 9.9,
            door / 15.7,
        ),
        -1,
    )
    return torch.cat((weight.unsqueeze(-1), responses.relu()), -1)


def _loads(inputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the load on the abdomen and the viscous criteria of upper, middle and lower chest."""
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 = inputs
    abdomen = 1.16 - 0.3717 * x2 * x4 - 0.00931 * x2 * x10 - 0.484 * x3 * x9 + 0.01343 * x6 * x10
    upper = (
        0.261
        - 0.0159 * x1 * x2
        - 0.188 * x1 * x8
        - 0.019 * x2 * x7
        + 0.0144 * x3 * x5
        + 0.87570001 * x5 * x10
        + 0.08045 * x6 * x9
        + 0.00139 * x8 * x11
        + 0.00001575 * x10 * x11
    )
    middle = (
        0.214
        + 0.00817 * x5
        - 0.131 * x1 * x8
        - 0.0704 * x1 * x9
        + 0.03099 * x2 * x6
        - 0.018 * x2 * x7
        + 0.0208 * x3 * x8
        + 0.121 * x3 * x9
        - 0.00364 * x5 * x6
        + 0.0007715 * x5 * x10
        - 0.0005354 * x6 * x10
        + 0.00121 * x8 * x11
        + 0.00184 * x9 * x10
        - 0.018 * x2 * x2
    )
    lower = 0.74 - 0.61 * x2 - 0.163 * x3 * x8 + 0.001232 * x3 * x10 - 0.166 * x7 * x9
    lower = lower + 0.227 * x2 * x2
    return abdomen, upper, middle, lower


def _rib_deflection(inputs: tuple[Tensor, ...]) -> Tensor:
    """Return the mean deflection of the upper, middle and lower ribs."""
    x1, x2, x3, _, x5, x6, x7, x8, x9, x10, _ = inputs
    upper_rib = (
        28.98
        + 3.818 * x3
        - 4.2 * x1 * x2
        + 0.0207 * x5 * x10
        + 6.63 * x6 * x9
        - 7.77 * x7 * x8
        + 0.32 * x9 * x10
    )
    middle_rib = (
        33.86
        + 2.95 * x3
        + 0.1792 * x10
        - 5.057 * x1 * x2
        - 11.0 * x2 * x8
        - 0.0215 * x5 * x10
        - 9.98 * x7 * x8
        + 22.0 * x8 * x9
    )
    lower_rib = 46.36 - 9.9 * x2 - 12.9 * x1 * x8 + 0.1107 * x3 * x10
    return (upper_rib + middle_rib + lower_rib) / 3.0


def _body(inputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pubic force and the velocities of the V-pillar and of the front door."""
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 = inputs
    force = (
        4.72
        - 0.5 * x4
        - 0.19 * x2 * x3
        - 0.0122 * x4 * x10
        + 0.009325 * x6 * x10
        + 0.000191 * x11 * x11
    )
    pillar = (
        10.58
        - 0.674 * x1 * x2
        - 1.95 * x2 * x8
        + 0.02054 * x3 * x10
        - 0.0198 * x4 * x10
        + 0.028 * x6 * x10
    )
    door = (
        16.45
        - 0.489 * x3 * x7
        - 0.843 * x5 * x6
        + 0.0432 * x9 * x10
        - 0.0556 * x9 * x11
        - 0.000786 * x11 * x11
    )
    return force, pillar, door
