"""What an exhibit is: one table or figure, with its words, its place and its files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Generic, TypeAlias, TypeVar

from paretomtl_reports.analysis.model import Page, Section
from paretomtl_reports.figures.figure import Figure
from paretomtl_reports.tables.files import to_csv, to_markdown
from paretomtl_reports.tables.table import Table

Subject = TypeVar("Subject", Page, Section)

Text: TypeAlias = "str | Callable[[Subject], str]"
"""Words, or how they follow from what the exhibit is about."""


class Place(IntEnum):
    """Where on the page an exhibit stands, from top to bottom."""

    SUMMARY = auto()
    """A section of its own, with a line in the contents; about the whole page, once."""

    FRONTS = auto()
    """From here on about one problem under one setting, once in the section of each."""

    SCORES = auto()
    TASKS = auto()
    CONVERGENCE = auto()
    SPLITS = auto()
    COST = auto()

    DETAILS = auto()
    """Folded until a reader opens it."""

    DATA = auto()
    """A CSV file to which the section links; too long to be read."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An exhibit of one page or section, ready to be laid out and written.

    Args:
        name: Names its files and its id on the page, unique in the report.
        place: Where it stands.
        title: Its heading.
        caption: What it shows and how that was obtained.
        lead: A sentence or more before it; may stand without a table.
        table: For tables.
        figure: For figures.
        wide: Whether it takes the full width of the page; two narrow ones stand side by side.
        limit: Rows on the page, at most; the files have all.
        visible: Whether it stands on the page; if not, it has files only.
        files: Path below the report's folder to content.
    """

    name: str
    place: Place
    title: str
    caption: str
    lead: str = ""
    table: Table | None = None
    figure: Figure | None = None
    wide: bool = True
    limit: int | None = None
    visible: bool = True
    files: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def note(self) -> str:
        """The caption; empty where it would repeat the heading."""
        return "" if self.title.startswith(self.caption.rstrip(".")) else self.caption


@dataclass(frozen=True, kw_only=True)
class Exhibit(ABC, Generic[Subject]):
    """One table or figure of a report.

    Args:
        key: Names its files, after the section's name; unique among exhibits.
        title: Its heading.
        caption: What it shows and how that was obtained.
        place: Where it stands.
        order: Its order among the exhibits of the same place; equal ones go by their keys.
    """

    key: str
    title: Text[Subject]
    caption: Text[Subject]
    place: Place
    order: int = 0

    @abstractmethod
    def show(self, subject: Subject) -> Shown | None:
        """Compute and draw it; None where it has nothing to show.

        Args:
            subject: The page for exhibits of the summary, a section for all others.
        """


@dataclass(frozen=True, kw_only=True)
class TableExhibit(Exhibit[Subject]):
    """A table: on the page, as CSV and as Markdown.

    Args:
        table: Its columns and rows, from the numbers of the analysis; None where it has none.
        lead: A sentence that the table supports; where it is empty, the table has files only.
        limit: Rows on the page, at most; the files have all.
    """

    table: Callable[[Subject], Table | None]
    lead: Callable[[Subject], str] | None = None
    limit: int | None = None

    def show(self, subject: Subject) -> Shown | None:
        """Compute the table; see `Exhibit.show`."""
        table = self.table(subject)
        lead = self.lead(subject) if self.lead else ""
        if table is None and not lead:
            return None
        name, caption = subject.file_name(self.key), _words(self.caption, subject)
        files: dict[str, str] = {}
        if table is not None:
            files[f"tables/{name}.csv"] = to_csv(table)
        if table is not None and self.place is not Place.DATA:
            files[f"tables/{name}.md"] = to_markdown(table, subject.title, caption)
        # Of a problem without a reference point, only the column of the methods is left of some
        # tables: nothing to unfold.
        hollow = table is not None and self.place is Place.DETAILS and len(table.columns) < 2
        return Shown(
            name=name,
            place=self.place,
            title=_words(self.title, subject),
            caption=caption,
            lead=lead,
            table=table,
            limit=self.limit,
            visible=not hollow and (self.lead is None or bool(lead)),
            files=files,
        )


@dataclass(frozen=True, kw_only=True)
class FigureExhibit(Exhibit[Subject]):
    """A figure: on the page, and as SVG.

    Args:
        figure: Draws it, given a name unique in the report, from which the ids in the SVG file follow;
            None where there is nothing to draw.
        wide: Whether it takes the full width of the page; two narrow ones stand side by side.
    """

    figure: Callable[[Subject, str], Figure | None]
    wide: bool = True

    def show(self, subject: Subject) -> Shown | None:
        """Draw the figure; see `Exhibit.show`."""
        name = subject.file_name(self.key)
        figure = self.figure(subject, name)
        if figure is None:
            return None
        return Shown(
            name=name,
            place=self.place,
            title=_words(self.title, subject),
            caption=_words(self.caption, subject),
            figure=figure,
            wide=self.wide,
            files={f"figures/{name}.svg": figure.svg},
        )


def _words(text: Text[Subject], subject: Subject) -> str:
    return text if isinstance(text, str) else text(subject)
