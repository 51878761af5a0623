"""Means over seeds with their uncertainty, and ranks over problems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Args:
        mean: Arithmetic mean; NaN when there is no value, infinite when a value is.
        half_width: Half the 95 % confidence interval by Student's t with n - 1 degrees of freedom;
            NaN for fewer than two values or an infinite mean.
        values: What was averaged, one a seed.
    """

    mean: float
    half_width: float
    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.values)


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of one value a seed with its 95 % interval; NaN values are left out."""
    kept = tuple(float(v) for v in values if not math.isnan(v))
    if not kept:
        return Estimate(math.nan, math.nan, ())
    mean = math.fsum(kept) / len(kept) if all(map(math.isfinite, kept)) else math.inf
    if math.isinf(mean) or len(kept) < 2:
        return Estimate(mean, math.nan, kept)
    half = float(half_widths(np.array(kept)[:, None])[0])
    return Estimate(mean, half, kept)


def half_widths(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the half width of the 95 % t interval of the mean of each column, [n, k] -> [k].

    NaN for fewer than two rows.
    """
    n = len(values)
    if n < 2:
        return np.full(values.shape[1:], math.nan)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1))  # pyright: ignore[reportUnknownMemberType]
    return quantile * values.std(axis=0, ddof=1) / math.sqrt(n)


def ranks(values: Sequence[float]) -> list[float]:
    """Rank numbers of which higher is better: 1 is best, ties share the average of their ranks.

    Numbers that agree to nine significant digits tie. NaN gets no rank (NaN).

    >>> ranks([0.5, 0.9, 0.5])
    [2.5, 1.0, 2.5]
    """
    rounded = np.array([float(f"{v:.9g}") for v in values])
    found = np.full(len(rounded), math.nan)
    known = ~np.isnan(rounded)
    if known.any():
        found[known] = stats.rankdata(-rounded[known], method="average")  # pyright: ignore[reportUnknownMemberType]
    return found.tolist()
