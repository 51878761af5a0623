"""Where the runs of every entry ended, beside the exact front where it is known."""

from __future__ import annotations

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import FigureExhibit, Place, TableExhibit
from paretomtl_reports.figures import fronts_2d, fronts_3d, fronts_parallel
from paretomtl_reports.figures.figure import Figure
from paretomtl_reports.figures.fronts import exact_front
from paretomtl_reports.figures.svg import styled
from paretomtl_reports.figures.view import View
from paretomtl_reports.tables.table import Column, Table

DRAWINGS = {2: fronts_2d, 3: fronts_3d}
"""By number of objectives; more are drawn as parallel lines."""


def _figure(section: Section, name: str) -> Figure | None:
    view = View.of(section)
    results = [r for r in section.results if r.ok]
    m = section.n_objectives
    if view is None or not results or m < 2:
        return None
    drawing = DRAWINGS.get(m, fronts_parallel)
    with styled(name):
        svg = drawing.draw_still(section, results, view)
    return Figure(
        alt=(
            f"Points that {len(results)} methods reached on {section.title}, in the space of its "
            f"{m} objectives."
        ),
        svg=svg,
        interactive=drawing.draw_interactive(section, results, view),
    )


def _caption(section: Section) -> str:
    m = section.n_objectives
    view = View.of(section)
    split = "Final test losses" if section.facts.neural else "Final losses"
    sentences = [
        f"{split}, one point a preference and seed; dominated points are faint.",
        "Gray: the exact front." if exact_front(section) is not None else "",
        "Each line is one run; axes run from the ideal (0) to the reference point (1)." * (m > 3),
        "Dotted: what each task reaches when trained alone." if section.anchors and m == 2 else "",
        view.sentence() if view else "",
    ]
    return " ".join(filter(None, sentences))


def _points(section: Section) -> Table:
    names = section.facts.objective_names
    return Table(
        columns=(
            Column(key="method", title="Method", kind="text"),
            Column(key="seed", title="Seed"),
            *(Column(key=f"preference {n}", title=f"Preference, {n}") for n in names),
            *(Column(key=n, title=n) for n in names),
            Column(key="nondominated", title="Non-dominated"),
        ),
        rows=tuple(
            (r.label, front.seed, *preference, *point, int(kept))
            for r in section.results
            for front in r.fronts
            for preference, point, kept in zip(
                front.preferences.tolist(), front.points.tolist(), front.nondominated, strict=True
            )
        ),
    )


FRONTS = FigureExhibit(
    key="fronts",
    title="Fronts",
    caption=_caption,
    place=Place.FRONTS,
    figure=_figure,
)

POINTS = TableExhibit(
    key="points",
    title="Points",
    caption="Final test losses of the runs that ended well.",
    place=Place.DATA,
    table=_points,
)
