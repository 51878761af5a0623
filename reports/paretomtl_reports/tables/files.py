"""The files of a table: CSV with full precision, Markdown for readers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from paretomtl_reports.analysis.statistics import Estimate
from paretomtl_reports.tables.table import Table
from paretomtl_reports.tables.values import Ranked, text


def to_csv(table: Table) -> str:
    """Return the table with full precision.

    An estimate takes three columns, mean, half the interval and n; a ranked value two, value and rank.
    """
    head: list[str] = []
    widths: list[int] = []
    for i, column in enumerate(table.columns):
        extra: list[str] = []
        if any(isinstance(row[i], Estimate) for row in table.rows):
            extra = ["ci95_half_width", "n"]
        elif any(isinstance(row[i], Ranked) for row in table.rows):
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
            elif isinstance(value, Ranked):
                cells += [_exact(value.value), _exact(value.rank)]
            else:
                cells += [_exact(value), *[""] * width]
        writer.writerow(cells)
    return out.getvalue()


def to_markdown(table: Table, subject: str, caption: str) -> str:
    """Return the table as GitHub-flavored Markdown, the caption above.

    Args:
        table: The table.
        subject: What it is about; on the page it is in the headings.
        caption: What it shows.
    """
    lines = [
        f"**{_escaped(subject)}.** {_escaped(caption)}",
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
