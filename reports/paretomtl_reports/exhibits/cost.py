"""What each entry paid for its hypervolume."""

from __future__ import annotations

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.columns import METHOD
from paretomtl_reports.tables.table import Column, Table


def _table(section: Section) -> Table:
    table = Table(
        columns=(
            METHOD,
            Column(key="hypervolume", title="Hypervolume", better="higher"),
            Column(key="steps", title="Steps"),
            Column(key="backward_passes", title="Backward passes", better="lower"),
            Column(key="seconds", title="Seconds", better="lower"),
        ),
        rows=tuple((r.label, r.hypervolume, r.steps, r.passes, r.seconds) for r in section.results),
        styles=tuple(r.style for r in section.results),
    )
    return table.known()


COST = TableExhibit(
    key="cost",
    title="Cost",
    caption=(
        "Cost of one run. Seconds are the wall-clock of its batch divided by "
        "the runs that shared it, so they compare methods only when made on one quiet machine."
    ),
    place=Place.COST,
    table=_table,
)
