"""Every indicator: what it means, what it needs, and the function that measures it.

A new one is a file with its function and an entry here; `score`, `paretomtl list`, `show` and `score`
then have it.
"""

from __future__ import annotations

from collections.abc import Callable

from paretomtl.errors import unknown_name
from paretomtl.indicators.definition import Indicator, PointSet
from paretomtl.indicators.distance import epsilon, gd, gd_plus, igd, igd_plus
from paretomtl.indicators.domination import nondominated
from paretomtl.indicators.points import PointsLike


def _to_front(distance: Callable[[PointsLike, PointsLike], float]) -> Callable[[PointSet], float]:
    def measure(s: PointSet) -> float:
        assert s.front is not None  # `Indicator.of` asks for no distance to an unknown front
        return distance(s.points, s.front)

    return measure


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
            measure=lambda s: s.hypervolume,
        ),
        Indicator(
            name="normalized_hypervolume",
            title="Normalized hypervolume",
            summary="Hypervolume as a share of that of the whole exact front.",
            better="higher",
            pareto_compliance="strict",
            needs=("reference_point", "best_hypervolume"),
            unit="share, 0 to 1",
            measure=lambda s: s.hypervolume / s.best_hypervolume,
        ),
        Indicator(
            name="share_of_best",
            title="Share of the best",
            summary="Hypervolume as a share of the best that as many points can reach.",
            better="higher",
            pareto_compliance="strict",
            needs=("reference_point", "best_hypervolume"),
            unit="share, 0 to 1",
            measure=lambda s: s.hypervolume / s.best_of(len(s.points)) if len(s.points) else 0.0,
        ),
        Indicator(
            name="igd",
            title="IGD",
            summary="Mean distance from the front's points to the nearest point of the set.",
            better="lower",
            pareto_compliance="none",
            needs=("front",),
            unit="objective units",
            measure=_to_front(igd),
        ),
        Indicator(
            name="igd_plus",
            title="IGD+",
            summary="Mean amount by which the set falls short of the front's points.",
            better="lower",
            pareto_compliance="weak",
            needs=("front",),
            unit="objective units",
            measure=_to_front(igd_plus),
        ),
        Indicator(
            name="gd",
            title="GD",
            summary="Mean distance from the set's points to the front; blind to gaps.",
            better="lower",
            pareto_compliance="none",
            needs=("front",),
            unit="objective units",
            measure=_to_front(gd),
        ),
        Indicator(
            name="gd_plus",
            title="GD+",
            summary="Mean amount by which the set's points are worse than the front; blind to gaps.",
            better="lower",
            pareto_compliance="none",
            needs=("front",),
            unit="objective units",
            measure=_to_front(gd_plus),
        ),
        Indicator(
            name="epsilon",
            title="Additive epsilon",
            summary="Smallest shift of every objective after which the set weakly dominates the front.",
            better="lower",
            pareto_compliance="weak",
            needs=("front",),
            unit="objective units",
            measure=_to_front(epsilon),
        ),
        Indicator(
            name="nondominated",
            title="Non-dominated points",
            summary="Distinct points of the set that no other point of it dominates.",
            better="higher",
            pareto_compliance="none",
            needs=(),
            unit="points",
            measure=lambda s: int(nondominated(s.points, duplicates="first").sum()),
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
