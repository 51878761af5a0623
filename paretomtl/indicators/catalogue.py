"""What each indicator means: direction, Pareto compliance, what it needs. Plain data, no computation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from paretomtl.errors import unknown_name

Compliance: TypeAlias = Literal["strict", "weak", "none"]


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One number that a point set gets.

    Args:
        name: As in tables and in the public functions.
        title: As people write it.
        summary: What it measures, in one sentence.
        better: "higher" or "lower".
        pareto_compliance: "strict": a set that dominates another scores strictly better; "weak": never
            worse; "none": it may score worse.
        needs: Facts of the problem without which it is not defined.
        unit: What the number is measured in.
        computed_by: The library that computes it.
    """

    name: str
    title: str
    summary: str
    better: Literal["higher", "lower"]
    pareto_compliance: Compliance
    needs: tuple[Literal["reference_point", "front", "best_hypervolume"], ...]
    unit: str
    computed_by: str = "pymoo"


indicators: dict[str, Indicator] = {
    indicator.name: indicator
    for indicator in (
        Indicator(
            name="hypervolume",
            title="Hypervolume",
            summary="Volume that the points dominate, up to the reference point.",
            better="higher",
            pareto_compliance="strict",
            needs=("reference_point",),
            unit="product of the objectives' units",
        ),
        Indicator(
            name="normalized_hypervolume",
            title="Normalized hypervolume",
            summary="Hypervolume as a share of that of the whole exact front.",
            better="higher",
            pareto_compliance="strict",
            needs=("reference_point", "best_hypervolume"),
            unit="share, 0 to 1",
        ),
        Indicator(
            name="share_of_best",
            title="Share of the best",
            summary="Hypervolume as a share of the best that as many points can reach.",
            better="higher",
            pareto_compliance="strict",
            needs=("reference_point", "best_hypervolume"),
            unit="share, 0 to 1",
        ),
        Indicator(
            name="igd",
            title="IGD",
            summary="Mean distance from the front's points to the nearest point of the set.",
            better="lower",
            pareto_compliance="none",
            needs=("front",),
            unit="objective units",
        ),
        Indicator(
            name="igd_plus",
            title="IGD+",
            summary="Mean amount by which the set falls short of the front's points.",
            better="lower",
            pareto_compliance="weak",
            needs=("front",),
            unit="objective units",
        ),
        Indicator(
            name="gd",
            title="GD",
            summary="Mean distance from the set's points to the front; blind to gaps.",
            better="lower",
            pareto_compliance="none",
            needs=("front",),
            unit="objective units",
        ),
        Indicator(
            name="gd_plus",
            title="GD+",
            summary="Mean amount by which the set's points are worse than the front; blind to gaps.",
            better="lower",
            pareto_compliance="none",
            needs=("front",),
            unit="objective units",
        ),
        Indicator(
            name="epsilon",
            title="Additive epsilon",
            summary="Smallest shift of every objective after which the set weakly dominates the front.",
            better="lower",
            pareto_compliance="weak",
            needs=("front",),
            unit="objective units",
        ),
        Indicator(
            name="nondominated",
            title="Non-dominated points",
            summary="Distinct points of the set that no other point of it dominates.",
            better="higher",
            pareto_compliance="none",
            needs=(),
            unit="points",
        ),
    )
}
"""Every indicator by name, in the order tables show them."""


def indicator(name: str) -> Indicator:
    """Return the indicator of that name.

    Raises:
        UnknownName: There is none; the closest names are given.

    >>> indicator("igd_plus").better
    'lower'
    """
    if name not in indicators:
        raise unknown_name("indicator", name, indicators)
    return indicators[name]
