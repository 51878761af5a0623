"""Hypervolume while the fronts are found, against two measures of cost."""

from __future__ import annotations

from functools import partial

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import FigureExhibit, Place, TableExhibit
from paretomtl_reports.figures.convergence import draw_convergence
from paretomtl_reports.tables.table import Column, Table


def _caption(section: Section) -> str:
    return (
        "Hypervolume of the whole front at each snapshot, mean over seeds"
        + (", shaded from the worst seed to the best" if len(section.seeds) > 1 else "")
        + ". Runs that did not end well are left out; the start (0) is off the logarithmic axis."
    )


def _values(section: Section) -> Table:
    return Table(
        columns=(
            Column(key="method", title="Method", kind="text"),
            Column(key="seed", title="Seed"),
            Column(key="steps", title="Steps"),
            Column(key="backward_passes", title="Backward passes"),
            Column(key="seconds", title="Seconds"),
            Column(key="hypervolume", title="Hypervolume"),
        ),
        rows=tuple(
            (r.label, seed, int(step), float(passes), float(seconds), float(volume))
            for r in section.results
            if r.curve is not None
            for seed, row in zip(r.curve.seeds, r.curve.hypervolume, strict=True)
            for step, passes, seconds, volume in zip(
                r.curve.steps, r.curve.passes, r.curve.seconds, row, strict=True
            )
        ),
    )


STEPS = FigureExhibit(
    key="convergence-steps",
    title="Convergence against steps",
    caption=_caption,
    place=Place.CONVERGENCE,
    figure=partial(draw_convergence, against="steps"),
    wide=False,
)

PASSES = FigureExhibit(
    key="convergence-passes",
    title="Convergence against backward passes",
    caption=_caption,
    place=Place.CONVERGENCE,
    order=1,
    figure=partial(draw_convergence, against="passes"),
    wide=False,
)

CURVES = TableExhibit(
    key="convergence",
    title="Convergence",
    caption="Hypervolume while the fronts were found.",
    place=Place.DATA,
    order=1,
    table=_values,
)
