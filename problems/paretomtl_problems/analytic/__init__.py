"""Analytic problems: formulas whose fronts are known."""

from paretomtl_problems.analytic import (
    cagrad_toy,
    classic,
    dtlz,
    dtlz7,
    dtlz_arcs,
    dtlz_variants,
    gradient_triple,
    pairs,
    quadratic,
    rank_one,
    trajectories,
    vlmop,
    zdt,
    zdt5,
)

__all__ = [
    "cagrad_toy",
    "classic",
    "dtlz",
    "dtlz7",
    "dtlz_arcs",
    "dtlz_variants",
    "gradient_triple",
    "pairs",
    "quadratic",
    "rank_one",
    "trajectories",
    "vlmop",
    "zdt",
    "zdt5",
]
