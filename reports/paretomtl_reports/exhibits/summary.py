"""Every entry over all problems: ranks, values, first places."""

from __future__ import annotations

from paretomtl_reports.analysis.model import Page, Section
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.columns import METHOD
from paretomtl_reports.tables.numbers import counted
from paretomtl_reports.tables.table import Column, Table
from paretomtl_reports.tables.values import Ranked


def _caption(page: Page) -> str:
    over = (
        f"Mean rank over {counted(len(page.ranked), 'problem')} ({', '.join(page.ranked)})"
        if page.ranked
        else "No mean rank: no problem holds every method"
    )
    return (
        f"{over}, by mean hypervolume over seeds; 1 is best, ties (nine equal digits) share the "
        f"average of their ranks. Per problem: hypervolume, as a share of the exact front's where "
        f"that is known, and in parentheses the rank."
    )


def _table(page: Page) -> Table | None:
    if not page.sections:
        return None
    return Table(
        columns=(
            METHOD,
            Column(key="mean_rank", title="Mean rank", better="lower"),
            Column(key="first_places", title="First", help="problems ranked first, alone or tied"),
            *(_problem(section) for section in page.sections),
            Column(key="unfinished", title="Unfinished", help="runs that diverged or failed"),
            Column(key="runs", title="Runs"),
        ),
        rows=tuple(
            (
                s.label,
                s.mean_rank,
                s.wins,
                *(Ranked(value, rank) for value, rank in zip(s.values, s.ranks, strict=True)),
                s.unfinished,
                s.runs,
            )
            for s in page.standings
        ),
        styles=tuple(s.style for s in page.standings),
    )


def _problem(section: Section) -> Column:
    """Its hypervolume: a bar where it is a share of the exact front's."""
    return Column(
        key=section.slug,
        title=section.title,
        kind="bar" if section.best_known else "number",
        better="higher",
    )


SUMMARY = TableExhibit(
    key="summary",
    title="Summary",
    caption=_caption,
    place=Place.SUMMARY,
    table=_table,
)
