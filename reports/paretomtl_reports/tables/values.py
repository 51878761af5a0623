"""What stands in a table, and how it reads in the Markdown file and on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from paretomtl_reports.analysis.statistics import Estimate
from paretomtl_reports.tables.numbers import estimate_text, number, percent

Kind: TypeAlias = Literal["text", "entry", "number", "count", "share", "bar"]
"""How a column shows its values, see `Column`."""


@dataclass(frozen=True)
class Ranked:
    """A value with its rank among the entries of a problem; NaN where it has none."""

    value: float
    rank: float


Value: TypeAlias = "str | int | float | Estimate | Ranked"


def plain(value: Value) -> float | str:
    """Return the value to sort by: a number as float, an estimate's mean, or the text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Estimate):
        return value.mean
    return float(value.value if isinstance(value, Ranked) else value)


def text(value: Value, kind: Kind) -> str:
    """Return a value as the Markdown file and the page show it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Ranked):
        rank = "" if math.isnan(value.rank) else f" ({number(value.rank)})"
        return text(value.value, kind) + rank
    if kind == "count" and isinstance(value, Estimate):
        return number(round(value.mean, 1)) if math.isfinite(value.mean) else number(value.mean)
    if kind in ("share", "bar"):
        if isinstance(value, Estimate):
            half = "" if math.isnan(value.half_width) else f" ± {100 * value.half_width:.2f}"
            return percent(value.mean) if not half else f"{100 * value.mean:.2f}{half} %"
        return percent(float(value))
    return estimate_text(value) if isinstance(value, Estimate) else number(float(value))
