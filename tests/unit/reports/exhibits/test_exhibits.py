"""The list of exhibits: page, contents and files follow from it, for those of today and for a new one."""

from __future__ import annotations

import re
import sys

import pytest
from paretomtl_reports import build, exhibits
from paretomtl_reports.exhibits import all_exhibits
from paretomtl_reports.exhibits.base import Place
from paretomtl_reports.page.report import Report


def test_keys_are_unique_and_the_list_is_in_the_order_of_the_page():
    found = all_exhibits()
    keys = [exhibit.key for exhibit in found]
    assert keys
    assert len(set(keys)) == len(keys)
    places = [exhibit.place for exhibit in found]
    assert places == sorted(places)
    assert set(places) == set(Place)


def test_every_exhibit_is_on_the_page_in_the_contents_and_in_files(
    small, built, page_of, read_page, files_in
):
    page = page_of(small, title="Small")
    html, written = read_page(built), files_in(built)
    contents = re.search(r"<nav.*?</nav>", html, re.DOTALL)[0]
    for exhibit in all_exhibits():
        whole = exhibit.place is Place.SUMMARY
        count = 0
        for subject in [page] if whole else page.sections:
            shown = exhibit.show(subject)
            if shown is None:
                continue
            count += shown.visible
            assert shown.files, exhibit.key
            for path, content in shown.files.items():
                assert written[path].decode() == content
                assert (f'<a href="{path}">' in html) == shown.visible
            # An exhibit of a section is found by the section's line in the contents.
            anchor = shown.name if whole else subject.slug
            assert f'<a href="#{anchor}">' in contents
            assert f'<section id="{anchor}">' in html
        assert count, f"no section of the fixture shows {exhibit.key}"


def test_there_is_no_file_without_an_exhibit(small, built, page_of, files_in):
    expected = {
        f
        for shown in Report.of(page_of(small, title="Small"), all_exhibits()).shown
        for f in shown.files
    }
    assert set(files_in(built)) == expected | {"index.html"}


NEW = """
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.columns import METHOD
from paretomtl_reports.tables.table import Column, Table

BUDGET = TableExhibit(
    key="budget",
    title="Steps of each method",
    caption="Mean over the runs.",
    place=Place.COST,
    table=lambda section: Table(
        columns=(METHOD, Column(key="steps", title="Steps")),
        rows=tuple((r.label, r.steps) for r in section.results),
        styles=tuple(r.style for r in section.results),
    ),
)

PROBLEMS = TableExhibit(
    key="problems",
    title="Problems of this page",
    caption="In the order of their sections.",
    place=Place.SUMMARY,
    order=1,
    table=lambda page: Table(
        columns=(Column(key="problem", title="Problem", kind="text"),),
        rows=tuple((section.title,) for section in page.sections),
    ),
)
"""


@pytest.fixture
def new_file(monkeypatch, tmp_path):
    """Put a file into the room of exhibits for the time of a test."""

    def put(name: str, content: str) -> None:
        (tmp_path / "room").mkdir(exist_ok=True)
        (tmp_path / "room" / f"{name}.py").write_text(content)
        monkeypatch.setattr(exhibits, "__path__", [*exhibits.__path__, str(tmp_path / "room")])
        # What is removed from here after the test is imported anew by the next one.
        monkeypatch.setitem(sys.modules, f"{exhibits.__name__}.{name}", None)
        monkeypatch.delitem(sys.modules, f"{exhibits.__name__}.{name}")

    return put


def test_a_new_file_in_the_room_is_an_exhibit(new_file, front, tmp_path, read_page, files_in):
    new_file("brand_new", NEW)
    out = build(front([(0.0, 1.0), (1.0, 0.0)]), tmp_path / "out").parent
    html = read_page(out)
    assert html.index("<h3>Cost</h3>") > html.index("<h3>Steps of each method</h3>")
    assert '<li><a href="#problems">Problems of this page</a></li>' in html
    assert '<section id="problems">' in html
    written = files_in(out)
    assert written["tables/zdt1-budget.csv"] == b"method,steps\nlinear,100.0\n"
    assert b"**zdt1.** Mean over the runs." in written["tables/zdt1-budget.md"]
    assert written["tables/problems.csv"] == b"problem\nzdt1\n"
    for path in ("tables/zdt1-budget.csv", "tables/zdt1-budget.md", "tables/problems.csv"):
        assert f'<a href="{path}">' in html


def test_two_exhibits_of_one_key_are_refused(new_file):
    new_file("second_cost", NEW.replace('"budget"', '"cost"'))
    with pytest.raises(TypeError, match="several have cost"):
        all_exhibits()
