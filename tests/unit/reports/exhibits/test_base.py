"""What an exhibit is: its words, its files, and whether it stands on the page."""

from __future__ import annotations

from typing import Any

import pytest
from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import FigureExhibit, Place, TableExhibit
from paretomtl_reports.figures.figure import Figure
from paretomtl_reports.tables.table import Column, Table

ONE = Table(columns=(Column(key="a", title="A"),), rows=((1.0,),))
TWO = Table(columns=(*ONE.columns, Column(key="b", title="B")), rows=((1.0, 2.0),))


@pytest.fixture
def section(front, section_of) -> Section:
    return section_of(front([(0.0, 1.0), (1.0, 0.0)]))


def table(**how: Any) -> TableExhibit[Section]:
    words = {"key": "new", "title": "New", "caption": "What it shows.", "place": Place.COST}
    return TableExhibit(**{**words, "table": lambda _: TWO, **how})


def test_a_table_is_written_twice_and_as_data_once(section):
    assert set(table().show(section).files) == {"tables/zdt1-new.csv", "tables/zdt1-new.md"}
    assert set(table(place=Place.DATA).show(section).files) == {"tables/zdt1-new.csv"}


def test_words_may_follow_from_the_section(section):
    shown = table(title=lambda s: f"On {s.problem}", caption=lambda s: s.setting).show(section)
    assert (shown.title, shown.caption) == ("On zdt1", "adam, 100 steps")
    assert shown.files["tables/zdt1-new.md"].startswith("**zdt1.** adam, 100 steps\n")


def test_nothing_to_show(section):
    assert table(table=lambda _: None).show(section) is None
    assert table(table=lambda _: None, lead=lambda _: "").show(section) is None
    assert (
        FigureExhibit(
            key="f", title="F", caption="", place=Place.FRONTS, figure=lambda *_: None
        ).show(section)
        is None
    )


def test_a_lead_may_stand_alone_and_a_table_not_without_its_lead(section):
    alone = table(table=lambda _: None, lead=lambda _: "So it is.").show(section)
    assert (alone.lead, alone.visible, alone.files) == ("So it is.", True, {})
    assert not table(lead=lambda _: "").show(section).visible


def test_a_folded_table_of_methods_alone_is_not_shown(section):
    assert not table(table=lambda _: ONE, place=Place.DETAILS).show(section).visible
    assert table(table=lambda _: TWO, place=Place.DETAILS).show(section).visible
    assert table(table=lambda _: ONE).show(section).visible


def test_a_caption_that_repeats_the_heading_is_left_out(section):
    assert table().show(section).note == "What it shows."
    assert table(title="What it shows (3)").show(section).note == ""


def test_a_figure_is_drawn_under_its_own_name(section):
    exhibit = FigureExhibit(
        key="new",
        title="New",
        caption="What it shows.",
        place=Place.FRONTS,
        figure=lambda _, name: Figure(alt="a", svg=f'<?xml?><svg id="{name}"/>'),
    )
    shown = exhibit.show(section)
    assert shown.files == {"figures/zdt1-new.svg": '<?xml?><svg id="zdt1-new"/>'}
    assert shown.figure.inline(shown.name) == '<svg id="zdt1-new-zdt1-new"/>'
