"""Table cells as the template prints them: text, color, bar, and what to sort by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from paretomtl_reports.analysis.statistics import Estimate
from paretomtl_reports.style import Style
from paretomtl_reports.tables.numbers import half_width_text, mean_text, number
from paretomtl_reports.tables.table import Table
from paretomtl_reports.tables.values import Kind, Ranked, Value, plain, text

ALARMING = {"diverged", "failed", "unfinished"}
"""Columns whose every count above zero is a warning."""


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """One cell; the template escapes all of it.

    Args:
        text: Its value.
        spread: The interval or the rank, in smaller letters.
        sort: What the page's script sorts by; empty for an unknown value, which goes last.
        classes: CSS classes.
        style: CSS properties of a bar.
        swatch: Color of the entry's marker; empty where there is none.
        shape: Path of the entry's marker.
    """

    text: str
    spread: str = ""
    sort: str = ""
    classes: str = ""
    style: str = ""
    swatch: str = ""
    shape: str = ""


def table_cells(table: Table) -> list[list[TableCell]]:
    """Return the cells of a table, row by row."""
    best = [table.best(column) for column in range(len(table.columns))]
    return [
        [_cell(table, r, c, value, best=r in best[c]) for c, value in enumerate(row)]
        for r, row in enumerate(table.rows)
    ]


def _cell(table: Table, row: int, column: int, value: Value, *, best: bool) -> TableCell:
    kind = table.columns[column].kind
    look = Style.of(table.styles[row]) if table.styles else None
    hue = "" if look is None else f"var(--hue-{look.hue})"
    classes = [kind] if kind in ("entry", "text", "bar") else []
    plain_value = plain(value)
    if best:
        classes.append("best")
    if table.columns[column].key in ALARMING and isinstance(plain_value, float) and plain_value > 0:
        classes.append("bad")
    style = ""
    if kind == "bar" and isinstance(plain_value, float):
        share = 0.0 if math.isnan(plain_value) else min(max(plain_value, 0.0), 1.0)
        style = f"--share: {100 * share:.2f}%; --fill: {hue or 'var(--accent)'}"
    shown, spread = _texts(value, kind)
    return TableCell(
        text=shown,
        spread=spread,
        sort=_sort_key(plain_value),
        classes=" ".join(classes),
        style=style,
        swatch=hue if kind == "entry" else "",
        shape="" if look is None else look.marker.path,
    )


def _texts(value: Value, kind: Kind) -> tuple[str, str]:
    """A value and its spread; together they read as in the Markdown file."""
    if isinstance(value, Ranked):
        return text(value.value, kind), "" if math.isnan(value.rank) else f"({number(value.rank)})"
    if isinstance(value, Estimate) and kind == "number":
        half = half_width_text(value)
        return mean_text(value), half and f"± {half}"
    if isinstance(value, Estimate) and kind != "count" and math.isfinite(value.half_width):
        return f"{100 * value.mean:.2f}", f"± {100 * value.half_width:.2f} %"
    return text(value, kind), ""


def _sort_key(value: float | str) -> str:
    """The value as JavaScript's `Number` reads it, which knows `Infinity` but not `inf`."""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return ""
    return repr(value) if math.isfinite(value) else f"{'-' * (value < 0)}Infinity"
