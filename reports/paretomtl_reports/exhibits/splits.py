"""How far validation and test agree."""

from __future__ import annotations

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.columns import METHOD
from paretomtl_reports.tables.table import Column, Table


def _table(section: Section) -> Table | None:
    if not section.splits:
        return None
    names = section.facts.objective_names
    return Table(
        columns=(
            METHOD,
            Column(key="hypervolume_validation", title="Hypervolume, validation", better="higher"),
            Column(key="hypervolume_test", title="Hypervolume, test", better="higher"),
            *(Column(key=f"gap {n}", title=f"Gap, {n}", better="lower") for n in names),
            Column(key="chosen", title="Chosen"),
            Column(key="lost", title="Lost", better="lower"),
        ),
        rows=tuple(
            (s.label, s.validation_hypervolume, s.test_hypervolume, *s.gap, s.chosen, s.lost)
            for s in section.splits
        ),
        styles=tuple(s.style for s in section.splits),
    )


SPLITS = TableExhibit(
    key="splits",
    title="Validation and test",
    caption=(
        "Validation against test. The gap is the mean test loss minus the mean "
        "validation loss. Chosen: points that no other dominates on validation; lost: those of "
        "them that another chosen point dominates on test."
    ),
    place=Place.SPLITS,
    table=_table,
)
