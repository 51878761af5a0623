"""CSV and Markdown."""

from __future__ import annotations

import csv
import io
import math

from paretomtl_reports.tables.files import to_csv, to_markdown
from paretomtl_reports.tables.table import Column, Table
from paretomtl_reports.tables.values import Ranked


def test_markdown_and_csv_survive_hostile_text():
    table = Table(
        columns=(Column(key="a,b", title="T", kind="text"), Column(key="p", title="P")),
        rows=(('x|y"\\', Ranked(0.5, math.nan)),),
    )
    assert list(csv.reader(io.StringIO(to_csv(table)))) == [
        ["a,b", "p", "p_rank"],
        ['x|y"\\', "0.5", ""],
    ]
    markdown = to_markdown(table, "A|B", "c")
    assert markdown.startswith("**A\\|B.** c")
    assert "x\\|y" in markdown
