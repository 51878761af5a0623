"""Tables as values: what is best, and which columns are known."""

from __future__ import annotations

import math

from paretomtl_reports.tables.table import Column, Table

COLUMNS = (
    Column(key="method", title="Method", kind="entry"),
    Column(key="high", title="High", better="higher"),
    Column(key="low", title="Low", better="lower"),
    Column(key="none", title="None"),
)


def test_the_best_values_share_their_place_and_unknown_or_infinite_ones_have_none():
    rows = (("a", 2.0, 1.0, 1.0), ("b", 2.0, math.nan, 2.0), ("c", math.inf, 3.0, 3.0))
    table = Table(columns=COLUMNS, rows=rows, styles=(0, 1, 2))
    assert [table.best(i) for i in range(4)] == [set(), {0, 1}, {0}, set()]


def test_one_value_alone_is_not_the_best():
    table = Table(columns=COLUMNS, rows=(("a", 2.0, math.nan, 1.0), ("b", math.nan, 1.0, 1.0)))
    assert table.best(1) == table.best(2) == set()


def test_columns_without_a_value_are_left_out():
    rows = (("a", math.nan, 0.0, math.nan), ("b", math.nan, math.nan, math.nan))
    known = Table(columns=COLUMNS, rows=rows, styles=(0, 1)).known()
    assert [column.key for column in known.columns] == ["method", "low"]
    assert known.rows[0] == ("a", 0.0)
    assert known.styles == (0, 1)
