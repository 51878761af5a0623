"""The table of hypervolumes, as values, as CSV and as Markdown."""

from __future__ import annotations

import csv
import io

import pytest
from paretomtl_reports.analysis.statistics import estimate
from paretomtl_reports.exhibits.hypervolume import HYPERVOLUME
from paretomtl_reports.tables.numbers import estimate_text

import paretomtl as pm


def test_csv_has_full_precision_and_markdown_is_readable(small, page_of):
    section = page_of(small).sections[1]
    shown = HYPERVOLUME.show(section)
    rows = list(csv.DictReader(io.StringIO(shown.files["tables/zdt1-hypervolume.csv"])))
    best = next(r for r in rows if r["method"] == "tchebycheff")
    expected = estimate(
        [
            pm.hypervolume([(a + s, b + s) for a, b in ((0, 1), (0.25, 0.5), (1, 0))], [1.1, 1.1])
            for s in (0, 0.1, 0.2)
        ]
    )
    assert float(best["hypervolume"]) == pytest.approx(expected.mean, rel=1e-15)
    assert float(best["hypervolume_ci95_half_width"]) == pytest.approx(expected.half_width)
    assert best["hypervolume_n"] == "3"
    markdown = shown.files["tables/zdt1-hypervolume.md"]
    assert markdown.startswith("**zdt1.** Mean over 3 seeds")
    assert f"| tchebycheff | {estimate_text(expected)} | 3 |" in markdown


def test_an_absent_problem_still_shows_what_needs_no_facts(front, section_of):
    section = section_of(
        front([(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)], problem="from_another_package")
    )
    shown = HYPERVOLUME.show(section)
    assert shown.title == "Scores"
    table = shown.table
    assert [c.key for c in table.columns] == [
        *("method", "seeds", "nondominated", "diverged", "failed", "runs")
    ]
    assert table.rows[0][2].mean == 2
