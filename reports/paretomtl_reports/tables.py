"""Tables as data, and their CSV and Markdown siblings."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from paretomtl_reports.numbers import estimate_text, number, percent
from paretomtl_reports.statistics import Estimate

Kind: TypeAlias = Literal["text", "entry", "number", "count", "share", "bar"]


@dataclass(frozen=True)
class Placed:
    """A value with its rank among the entries of a problem; NaN where it has none."""

    value: float
    rank: float


Value: TypeAlias = "str | int | float | Estimate | Placed"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Args:
        key: Name in the CSV file.
        title: Heading.
        kind: "text"; "entry", a method's label with its color; "number"; "count", shown without
            its interval; "share", shown in percent; "bar", a share with a bar under it.
        better: Which direction wins; empty when neither does. The best value is set in bold.
        help: What the column is, for the heading's tooltip.
    """

    key: str
    title: str
    kind: Kind = "number"
    better: Literal["higher", "lower", ""] = ""
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table whose rows hold values, not text.

    Args:
        subject: What the table is about; the Markdown file says it, the page's headings do already.
        slug: File name without suffix.
        caption: What it shows, in a sentence or two.
        columns: In order.
        rows: One value a column; `Estimate` for means over seeds.
        styles: Place in the palette of each row's entry; None where a row is not an entry.
    """

    subject: str
    slug: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    styles: tuple[int | None, ...] = ()

    def best(self, column: int) -> set[int]:
        """Return the rows that hold the best value of a column; none where it has no direction."""
        better = self.columns[column].better
        values = [plain(row[column]) for row in self.rows]
        finite = [v for v in values if isinstance(v, float) and math.isfinite(v)]
        if not better or len(finite) < 2:
            return set()
        goal = max(finite) if better == "higher" else min(finite)
        return {i for i, v in enumerate(values) if v == goal}

    def known(self) -> Table:
        """Return the table without the columns of which no row has a value."""
        told = [i for i in range(len(self.columns)) if any(_told(row[i]) for row in self.rows)]
        return dataclasses.replace(
            self,
            columns=tuple(self.columns[i] for i in told),
            rows=tuple(tuple(row[i] for i in told) for row in self.rows),
        )


def _told(value: Value) -> bool:
    return (shown := plain(value)) == shown


def plain(value: Value) -> float | str:
    """Return the value to sort by: a number as float, an estimate's mean, or the text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Estimate):
        return value.mean
    return float(value.value if isinstance(value, Placed) else value)


def text(value: Value, kind: Kind) -> str:
    """Return a value as the Markdown file and the page show it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Placed):
        place = "" if math.isnan(value.rank) else f" ({number(value.rank)})"
        return text(value.value, kind) + place
    if kind == "count" and isinstance(value, Estimate):
        return number(round(value.mean, 1)) if math.isfinite(value.mean) else number(value.mean)
    if kind in ("share", "bar"):
        if isinstance(value, Estimate):
            half = "" if math.isnan(value.half_width) else f" ± {100 * value.half_width:.2f}"
            return percent(value.mean) if not half else f"{100 * value.mean:.2f}{half} %"
        return percent(float(value))
    return estimate_text(value) if isinstance(value, Estimate) else number(float(value))


def to_csv(table: Table) -> str:
    """Return the table with full precision.

    An estimate takes three columns, mean, half the interval and n; a placed value two, value and rank.
    """
    head: list[str] = []
    widths: list[int] = []
    for i, column in enumerate(table.columns):
        extra: list[str] = []
        if any(isinstance(row[i], Estimate) for row in table.rows):
            extra = ["ci95_half_width", "n"]
        elif any(isinstance(row[i], Placed) for row in table.rows):
            extra = ["rank"]
        head += [column.key, *(f"{column.key}_{name}" for name in extra)]
        widths.append(len(extra))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for row in table.rows:
        cells: list[str] = []
        for value, width in zip(row, widths, strict=True):
            if isinstance(value, Estimate):
                cells += [_exact(value.mean), _exact(value.half_width), str(value.n)]
            elif isinstance(value, Placed):
                cells += [_exact(value.value), _exact(value.rank)]
            else:
                cells += [_exact(value), *[""] * width]
        writer.writerow(cells)
    return out.getvalue()


def to_markdown(table: Table) -> str:
    """Return the table as GitHub-flavored Markdown, the caption above."""
    lines = [
        f"**{_escaped(table.subject)}.** {_escaped(table.caption)}",
        "",
        _line([_escaped(column.title) for column in table.columns]),
        _line(["---" if c.kind in ("text", "entry") else "---:" for c in table.columns]),
    ]
    for row in table.rows:
        shown = [text(v, c.kind) for v, c in zip(row, table.columns, strict=True)]
        lines.append(_line([_escaped(cell) for cell in shown]))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(cell: str) -> str:
    for mark in "\\`*_[]<>|":
        cell = cell.replace(mark, "\\" + mark)
    return cell


def _exact(value: str | float) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)
