"""Whether the tasks of a neural problem compete, and what networks reach on one task alone."""

from __future__ import annotations

import math

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.exhibits.base import Place, TableExhibit
from paretomtl_reports.tables.numbers import counted
from paretomtl_reports.tables.table import Column, Table


def _verdict(section: Section) -> str:
    """Return whether there is a trade-off, in words, with the numbers that show it."""
    found = section.trade_off
    if found is None:
        return ""
    names = section.facts.objective_names
    spans = ", ".join(
        f"{span:.3g} in {name}" + ("" if math.isnan(noise) else f" (seed noise {noise:.2g})")
        for name, span, noise in zip(names, found.span, found.noise, strict=True)
    )
    words = (
        f"The test front of {found.label}, the largest hypervolume here, spans {spans}, averaged over "
        f"{counted(found.seeds, 'seed')}."
    )
    if not math.isnan(found.shortfall):
        words += (
            f" Its network that comes nearest to the single-task networks on all tasks at once is "
            f"{found.shortfall:.3g} worse than they are on the task where it is worst."
        )
    if found.real is None:
        return words + " One seed cannot tell this from noise."
    rule = f"the span against {found.factor:g} standard errors"
    if not math.isnan(found.shortfall):
        rule += ", the shortfall against the seed noise"
    if found.real:
        return words + f" That is more than seeds explain ({rule}): the trade-off is real."
    return words + (
        f" That is not more than seeds explain ({rule}): these runs show no trade-off, so their "
        f"hypervolumes compare how well networks were trained, not which part of a front they reach."
    )


def _table(section: Section) -> Table | None:
    if not section.anchors:
        return None
    names = section.facts.objective_names
    return Table(
        columns=(
            Column(key="trained_on", title="Trained on", kind="text"),
            *(Column(key=f"loss {n}", title=f"Test loss, {n}", better="lower") for n in names),
            Column(key="seeds", title="n"),
        ),
        rows=tuple((f"{names[a.task]} alone", *a.losses, len(a.seeds)) for a in section.anchors),
    )


ANCHORS = TableExhibit(
    key="anchors",
    title="Do the tasks compete?",
    caption=(
        "Test losses of networks trained on one task alone, mean over seeds ± "
        "half the 95 % confidence interval."
    ),
    place=Place.TASKS,
    lead=_verdict,
    table=_table,
)
