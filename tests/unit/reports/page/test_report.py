"""Exhibits in the order in which the page lays them out."""

from __future__ import annotations

from paretomtl_reports.exhibits import all_exhibits
from paretomtl_reports.page.report import Report


def test_the_page_goes_from_fronts_to_details(small, page_of):
    report = Report.of(page_of(small), all_exhibits())
    assert [shown.name for shown in report.summary] == ["summary"]
    digits, zdt1 = report.sections
    open_ones = [[shown.name.removeprefix("zdt1-") for shown in place] for place in zdt1.places]
    assert open_ones == [
        ["fronts"],
        ["hypervolume", "intervals"],
        [],
        ["convergence-steps", "convergence-passes"],
        [],
        ["cost"],
    ]
    assert [shown.name for shown in zdt1.details] == ["zdt1-indicators", "zdt1-unfinished"]
    assert [shown.name for shown in zdt1.data] == ["zdt1-points", "zdt1-convergence"]
    assert [len(place) for place in digits.places] == [1, 2, 1, 2, 1, 1]


def test_narrow_figures_stand_side_by_side(built, read_page):
    html = read_page(built)
    assert html.count('<div class="block pair"><div><figure') == 2
    assert "</figure></div><div><figure" in html


def test_a_page_without_sections_shows_nothing(page_of):
    assert Report.of(page_of([]), all_exhibits()).shown == []
