"""Hypervolume of every entry: as a table with the other numbers that matter most, and as intervals."""

from __future__ import annotations

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import FigureExhibit, Place, TableExhibit
from paretomtl_reports.figures.intervals import draw_intervals
from paretomtl_reports.tables.columns import METHOD, indicator_column
from paretomtl_reports.tables.numbers import counted, vector_text
from paretomtl_reports.tables.table import Column, Table


def _caption(section: Section) -> str:
    judge = section.facts.judge
    at = "" if judge is None else f" Hypervolume at ({vector_text(judge.reference_point)})."
    return (
        f"Mean over {counted(len(section.seeds), 'seed')} ± half the 95 % confidence interval "
        f"(Student's t).{at}"
    )


def _table(section: Section) -> Table:
    table = Table(
        columns=(
            METHOD,
            indicator_column("hypervolume"),
            Column(key="seeds", title="n", help="seeds averaged"),
            indicator_column("normalized_hypervolume", title="Share of the front's", kind="bar"),
            indicator_column("igd_plus"),
            indicator_column("nondominated", title="Non-dominated", kind="count"),
            Column(
                key="cut_off",
                title="Cut off",
                kind="count",
                better="lower",
                help="points of a front that do not lie inside the reference point",
            ),
            Column(key="diverged", title="Diverged"),
            Column(key="failed", title="Failed"),
            Column(key="runs", title="Runs"),
        ),
        rows=tuple(
            (
                r.label,
                r.hypervolume,
                len(r.fronts),
                r.estimates["normalized_hypervolume"],
                r.estimates["igd_plus"],
                r.estimates["nondominated"],
                r.estimates["cut_off"],
                r.diverged,
                r.failed,
                r.n_runs,
            )
            for r in section.results
        ),
        styles=tuple(r.style for r in section.results),
    )
    return table.known()


HYPERVOLUME = TableExhibit(
    key="hypervolume",
    title=lambda section: "Hypervolume" if section.facts.judge else "Scores",
    caption=_caption,
    place=Place.SCORES,
    table=_table,
)

INTERVALS = FigureExhibit(
    key="intervals",
    title="Hypervolume by method",
    caption=lambda section: (
        "Mean over seeds (marker), 95 % confidence interval of the mean (bar), every seed (tick)."
        if len(section.seeds) > 1
        else "One seed: there is no interval."
    ),
    place=Place.SCORES,
    order=1,
    figure=draw_intervals,
)
