"""The runs that contribute no point to a front, with the reason of each."""

from __future__ import annotations

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.numbers import vector_text
from paretomtl_reports.tables.table import Column, Table


def _table(section: Section) -> Table | None:
    if not section.unfinished:
        return None
    return Table(
        columns=(
            Column(key="method", title="Method", kind="text"),
            Column(key="seed", title="Seed"),
            Column(key="preference", title="Preference", kind="text"),
            Column(key="status", title="Status", kind="text"),
            Column(key="steps", title="Steps made"),
            Column(key="reason", title="Reason", kind="text"),
            Column(key="key", title="Key", kind="text"),
        ),
        rows=tuple(
            (u.label, u.seed, vector_text(u.preference), u.status, u.steps, u.reason, u.key)
            for u in section.unfinished
        ),
    )


UNFINISHED = TableExhibit(
    key="unfinished",
    title=lambda section: f"Runs that did not end well ({len(section.unfinished)})",
    caption="Runs that did not end well.",
    place=Place.DETAILS,
    order=1,
    table=_table,
    limit=100,
)
