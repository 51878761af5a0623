"""Cells of the page's tables."""

from __future__ import annotations

import math

import pytest
from paretomtl_reports.analysis.statistics import estimate
from paretomtl_reports.page.cells import table_cells
from paretomtl_reports.tables.columns import METHOD
from paretomtl_reports.tables.table import Column, Table
from paretomtl_reports.tables.values import Ranked


def one(value, **column):
    """The cell of a table that holds one value."""
    columns = (Column(**{"key": "a", "title": "A", **column}),)
    ((cell,),) = table_cells(Table(columns=columns, rows=((value,),)))
    return cell


@pytest.mark.parametrize(
    ("value", "sort"),
    [(0.5, "0.5"), (3, "3.0"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, "")],
)
def test_the_script_can_sort_by_it(value, sort):
    assert one(value).sort == sort


def test_values_and_spreads():
    cell = one(estimate([0.5, 0.51, 0.52]))
    assert (cell.text, cell.spread) == ("0.510", "± 0.025")
    cell = one(Ranked(0.5, 2.5))
    assert (cell.text, cell.spread) == ("0.5", "(2.5)")
    cell = one(estimate([0.5, 0.51, 0.52]), kind="share")
    assert (cell.text, cell.spread) == ("51.00", "± 2.48 %")


def test_what_ended_badly_is_marked():
    assert one(1, key="failed").classes == "bad"
    assert one(0, key="failed").classes == ""
    assert one(1, key="runs").classes == ""


@pytest.mark.parametrize(("value", "share"), [(0.5, 50), (1.5, 100), (-1.0, 0), (math.nan, 0)])
def test_bars_stay_within_the_cell(value, share):
    assert one(value, kind="bar").style == f"--share: {share:.2f}%; --fill: var(--accent)"


def test_the_best_is_marked_and_entries_have_their_color():
    table = Table(
        columns=(METHOD, Column(key="a", title="A", better="lower")),
        rows=(("linear", 2.0), ("mgda", 1.0), ("rlw", math.nan)),
        styles=(0, 1, 2),
    )
    cells = table_cells(table)
    assert [row[1].classes for row in cells] == ["", "best", ""]
    assert [row[0].swatch for row in cells] == [f"var(--hue-{i})" for i in range(3)]
