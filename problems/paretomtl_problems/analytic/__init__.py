"""Analytic problems: formulas whose fronts are known."""

from paretomtl_problems.analytic import dtlz, pairs, vlmop, zdt

__all__ = ["dtlz", "pairs", "vlmop", "zdt"]
