"""Analytic problems: formulas whose fronts are known."""

from paretomtl_problems.analytic import (
    dtlz,
    dtlz7,
    dtlz_arcs,
    dtlz_variants,
    pairs,
    vlmop,
    zdt,
    zdt5,
)

__all__ = ["dtlz", "dtlz7", "dtlz_arcs", "dtlz_variants", "pairs", "vlmop", "zdt", "zdt5"]
