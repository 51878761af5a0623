"""A table whose rows hold values, not text."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

from paretomtl_reports.tables.values import Kind, Value, plain


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
        columns: In order.
        rows: One value a column; `Estimate` for means over seeds.
        styles: Index into the palette of each row's entry; empty where the rows are not entries.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    styles: tuple[int, ...] = ()

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
        known = [i for i in range(len(self.columns)) if any(_known(row[i]) for row in self.rows)]
        return dataclasses.replace(
            self,
            columns=tuple(self.columns[i] for i in known),
            rows=tuple(tuple(row[i] for i in known) for row in self.rows),
        )


def _known(value: Value) -> bool:
    number = plain(value)
    return number == number  # only NaN differs from itself
