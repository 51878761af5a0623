"""A page with all its exhibits computed and drawn, in the order in which they are laid out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from paretomtl_reports.analysis.model import Page, Section
from paretomtl_reports.exhibits.base import Exhibit, Place, Shown

IN_ORDER = [place for place in Place if place not in (Place.SUMMARY, Place.DETAILS, Place.DATA)]
"""Places within a section whose exhibits are open and stand one below the other."""


@dataclass(frozen=True, kw_only=True)
class ShownSection:
    """One section with its exhibits.

    Args:
        section: Its numbers.
        shown: Every exhibit that has something to show.
    """

    section: Section
    shown: tuple[Shown, ...]

    @property
    def places(self) -> list[list[Shown]]:
        """What stands open on the page, place by place; a place may be empty."""
        return [self._at(place) for place in IN_ORDER]

    @property
    def details(self) -> list[Shown]:
        """What is folded."""
        return self._at(Place.DETAILS)

    @property
    def data(self) -> list[Shown]:
        """What is a link to a file."""
        return self._at(Place.DATA)

    def _at(self, place: Place) -> list[Shown]:
        return [shown for shown in self.shown if shown.place is place and shown.visible]


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page with its exhibits.

    Args:
        page: Its numbers.
        summary: Exhibits about the whole page, each a section of its own.
        sections: One a problem and setting.
    """

    page: Page
    summary: tuple[Shown, ...]
    sections: tuple[ShownSection, ...]

    @classmethod
    def of(cls, page: Page, exhibits: Sequence[Exhibit[Any]]) -> Report:
        """Compute and draw everything that the page shows."""
        whole = [exhibit for exhibit in exhibits if exhibit.place is Place.SUMMARY]
        each = [exhibit for exhibit in exhibits if exhibit.place is not Place.SUMMARY]
        return cls(
            page=page,
            summary=_show(whole, page),
            sections=tuple(
                ShownSection(section=section, shown=_show(each, section))
                for section in page.sections
            ),
        )

    @property
    def shown(self) -> list[Shown]:
        """Every exhibit of the report, in the order of the page."""
        return [*self.summary, *(shown for section in self.sections for shown in section.shown)]


def _show(exhibits: Iterable[Exhibit[Any]], subject: Page | Section) -> tuple[Shown, ...]:
    found = (exhibit.show(subject) for exhibit in exhibits)
    return tuple(shown for shown in found if shown is not None)
