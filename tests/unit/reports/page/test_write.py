"""The files beside the page, and those of an earlier report."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from paretomtl_reports import build


def test_siblings_of_every_table_and_figure(built, files_in):
    names = set(files_in(built))
    tables = {n.removesuffix(".md") for n in names if n.endswith(".md")}
    assert {
        "tables/summary",
        "tables/zdt1-hypervolume",
        "tables/zdt1-cost",
        "tables/zdt1-unfinished",
        "tables/multi-digits-width-6-anchors",
        "tables/multi-digits-width-6-splits",
    } <= tables
    assert {f"{t}.csv" for t in tables} <= names
    assert {"figures/zdt1-fronts.svg", "figures/zdt1-intervals.svg"} <= names


def test_tables_beside_the_page_agree_with_it(built: Path):
    rows = list(csv.DictReader(io.StringIO((built / "tables" / "summary.csv").read_text())))
    assert {r["method"] for r in rows} == {"tchebycheff", "linear", "mgda"}
    points = list(csv.DictReader(io.StringIO((built / "tables" / "zdt1-points.csv").read_text())))
    assert len(points) == 15
    assert sum(float(r["f1"]) < 0.001 for r in points) == 1


def test_an_earlier_report_leaves_nothing_stale_and_other_files_stay(
    front, record, tmp_path, files_in
):
    build(front([(0.0, 1.0), (1.0, 0.0)], problem="zdt2"), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "tables" / "mine.txt").write_text("mine")
    build(front([(0.0, 1.0), (1.0, 0.0)]), tmp_path)
    names = set(files_in(tmp_path))
    assert not any("zdt2" in name for name in names)
    assert {"notes.txt", "tables/mine.txt"} <= names


def test_a_directory_that_holds_no_report_is_not_cleaned(front, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "thesis.csv").write_text("mine")
    build(front([(0.0, 1.0), (1.0, 0.0)]), tmp_path)
    assert (tmp_path / "tables" / "thesis.csv").read_text() == "mine"
