"""Every other indicator."""

from __future__ import annotations

from paretomtl.indicators import indicators
from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.columns import METHOD, indicator_column
from paretomtl_reports.tables.table import Column, Table

NAMES = ("igd", "igd_plus", "gd", "gd_plus", "epsilon")


def _table(section: Section) -> Table:
    table = Table(
        columns=(
            METHOD,
            indicator_column("share_of_best", kind="share"),
            Column(
                key="sensitivity_hypervolume",
                title="Hypervolume, far reference",
                better="higher",
                help=indicators["hypervolume"].summary,
            ),
            *(indicator_column(name) for name in NAMES),
        ),
        rows=tuple(
            (
                r.label,
                r.estimates["share_of_best"],
                r.estimates["sensitivity_hypervolume"],
                *(r.estimates[name] for name in NAMES),
            )
            for r in section.results
        ),
        styles=tuple(r.style for r in section.results),
    )
    return table.known()


INDICATORS = TableExhibit(
    key="indicators",
    title="Further indicators",
    caption=(
        "Further indicators, mean over seeds ± half the 95 % confidence interval. Distances are to "
        "the exact front, in the objectives' own units; the far reference point lies twice as far "
        "from the ideal."
    ),
    place=Place.DETAILS,
    table=_table,
)
