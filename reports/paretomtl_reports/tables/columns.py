"""Columns that several tables have."""

from __future__ import annotations

from paretomtl.indicators import indicators
from paretomtl_reports.tables.table import Column
from paretomtl_reports.tables.values import Kind

METHOD = Column(key="method", title="Method", kind="entry")


def indicator_column(name: str, *, title: str = "", kind: Kind = "number") -> Column:
    """Return the column of an indicator: what is better and what it means, as the indicator states.

    Args:
        name: The indicator.
        title: Heading; the indicator's own when empty.
        kind: How its values are shown.
    """
    indicator = indicators[name]
    return Column(
        key=name,
        title=title or indicator.title,
        kind=kind,
        better=indicator.better,
        help=indicator.summary,
    )
