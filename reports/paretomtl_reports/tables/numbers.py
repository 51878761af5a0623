"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from paretomtl_reports.analysis.statistics import Estimate

UNKNOWN = "–"


def number(value: float) -> str:
    """Return four significant digits; an en dash for NaN.

    >>> number(0.55211559312)
    '0.5521'
    """
    if math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e6 else f"{value:.2e}"


def percent(value: float) -> str:
    """Return a share in percent with one decimal, two close to the whole.

    >>> percent(0.9973)
    '99.73 %'
    """
    if math.isnan(value):
        return UNKNOWN
    return f"{100 * value:.2f} %" if 0.99 <= value < 1 else f"{100 * value:.1f} %"


def counted(n: int, noun: str) -> str:
    """Return a number of things, the noun in the plural where there is not exactly one.

    >>> counted(3, "seed")
    '3 seeds'
    """
    return f"{number(float(n))} {noun}{'' if n == 1 else 's'}"


def vector_text(values: Iterable[float]) -> str:
    """Return the coordinates of a point, four digits each.

    >>> vector_text((0.25, 1.1))
    '0.25, 1.1'
    """
    return ", ".join(f"{v:.4g}" for v in values)


def mean_text(estimate: Estimate) -> str:
    """Return the mean with as many decimals as its interval supports."""
    mean, half = estimate.mean, estimate.half_width
    if not math.isfinite(mean) or not math.isfinite(half) or _exactly(mean, half):
        return number(mean)
    return f"{mean:.{_decimals(half)}f}"


def half_width_text(estimate: Estimate) -> str:
    """Return half the interval to two significant digits; empty when there is none."""
    mean, half = estimate.mean, estimate.half_width
    if not math.isfinite(mean) or not math.isfinite(half):
        return ""
    if _exactly(mean, half):
        return "0"
    return f"{half:.{_decimals(half)}f}" if half >= 10**-DECIMALS else f"{half:.0e}"


def estimate_text(estimate: Estimate) -> str:
    """Return `mean ± half width`, or the mean alone when there is no interval."""
    half = half_width_text(estimate)
    return f"{mean_text(estimate)} ± {half}" if half else mean_text(estimate)


DECIMALS = 5
"""Decimals of a mean, at most."""


def _exactly(mean: float, half: float) -> bool:
    """Whether the values averaged differ by rounding alone."""
    return half <= 1e-12 * abs(mean)


def _decimals(half: float) -> int:
    """Two significant digits of the interval."""
    return min(max(1 - math.floor(math.log10(half)), 0), DECIMALS)
