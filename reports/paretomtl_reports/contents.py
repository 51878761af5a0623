"""Which tables a page holds: sections and standings in rows and columns."""

from __future__ import annotations

from paretomtl.indicators import indicators
from paretomtl_reports.model import Page, Section
from paretomtl_reports.tables import Column, Kind, Placed, Table

METHOD = Column(key="method", title="Method", kind="entry")


def standings_table(page: Page) -> Table:
    """Every entry over all problems."""
    over = (
        f"Mean rank over {_count(len(page.ranked), 'problem')} ({', '.join(page.ranked)})"
        if page.ranked
        else "No mean rank: no problem holds every method"
    )
    return Table(
        subject=page.title,
        slug="summary",
        caption=(
            f"{over}, by mean hypervolume over seeds; 1 is best, ties (nine equal digits) share the "
            f"average of their ranks. Per problem: hypervolume, as a share of the exact front's where "
            f"that is known, and in parentheses the rank."
        ),
        columns=(
            METHOD,
            Column(key="mean_rank", title="Mean rank", better="lower"),
            Column(key="first_places", title="First", help="problems ranked first, alone or tied"),
            *(
                Column(
                    key=section.slug,
                    title=section.title,
                    kind="number" if _unknown(section) else "bar",
                    better="higher",
                )
                for section in page.sections
            ),
            Column(key="unfinished", title="Unfinished", help="runs that diverged or failed"),
            Column(key="runs", title="Runs"),
        ),
        rows=tuple(
            (
                s.label,
                s.mean_rank,
                s.wins,
                *(Placed(value, rank) for value, rank in zip(s.values, s.ranks, strict=True)),
                s.unfinished,
                s.runs,
            )
            for s in page.standings
        ),
        styles=tuple(s.style for s in page.standings),
    )


def score_table(section: Section) -> Table:
    """The numbers that matter, one row an entry."""
    judge = section.facts.judge
    at = "" if judge is None else f" Hypervolume at ({_vector(judge.reference_point.tolist())})."
    table = Table(
        subject=section.title,
        slug=f"{section.slug}-hypervolume",
        caption=(
            f"Mean over {_count(len(section.seeds), 'seed')} ± half the 95 % confidence interval "
            f"(Student's t).{at}"
        ),
        columns=(
            METHOD,
            _indicator("hypervolume"),
            Column(key="seeds", title="n", help="seeds averaged"),
            _indicator("normalized_hypervolume", title="Share of the front's", kind="bar"),
            _indicator("igd_plus"),
            _indicator("nondominated", title="Non-dominated", kind="count"),
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
                r.ok + r.diverged + r.failed,
            )
            for r in section.results
        ),
        styles=tuple(r.style for r in section.results),
    )
    return table.known()


def indicator_table(section: Section) -> Table:
    """Every other indicator."""
    names = ("igd", "igd_plus", "gd", "gd_plus", "epsilon")
    table = Table(
        subject=section.title,
        slug=f"{section.slug}-indicators",
        caption=(
            "Further indicators, mean over seeds ± half the 95 % confidence interval. Distances are to "
            "the exact front, in the objectives' own units; the far reference point lies twice as far "
            "from the ideal."
        ),
        columns=(
            METHOD,
            _indicator("share_of_best", kind="share"),
            Column(
                key="sensitivity_hypervolume",
                title="Hypervolume, far reference",
                better="higher",
                help=indicators["hypervolume"].summary,
            ),
            *(_indicator(name) for name in names),
        ),
        rows=tuple(
            (
                r.label,
                r.estimates["share_of_best"],
                r.estimates["sensitivity_hypervolume"],
                *(r.estimates[name] for name in names),
            )
            for r in section.results
        ),
        styles=tuple(r.style for r in section.results),
    )
    return table.known()


def cost_table(section: Section) -> Table:
    """What each entry paid for its hypervolume."""
    table = Table(
        subject=section.title,
        slug=f"{section.slug}-cost",
        caption=(
            "Cost of one run. Seconds are the wall-clock of its batch divided by "
            "the runs that shared it, so they compare methods only when made on one quiet machine."
        ),
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


def unfinished_table(section: Section) -> Table:
    """The runs that contribute no point."""
    return Table(
        subject=section.title,
        slug=f"{section.slug}-unfinished",
        caption="Runs that did not end well.",
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
            (u.label, u.seed, _vector(u.preference), u.status, u.steps, u.reason, u.key)
            for u in section.unfinished
        ),
    )


def anchor_table(section: Section) -> Table:
    """Single-task networks."""
    names = section.facts.objective_names
    return Table(
        subject=section.title,
        slug=f"{section.slug}-anchors",
        caption=(
            "Test losses of networks trained on one task alone, mean over seeds ± "
            "half the 95 % confidence interval."
        ),
        columns=(
            Column(key="trained_on", title="Trained on", kind="text"),
            *(Column(key=f"loss {n}", title=f"Test loss, {n}", better="lower") for n in names),
            Column(key="seeds", title="n"),
        ),
        rows=tuple((f"{names[a.task]} alone", *a.losses, len(a.seeds)) for a in section.anchors),
    )


def splits_table(section: Section) -> Table:
    """Validation against test."""
    names = section.facts.objective_names
    return Table(
        subject=section.title,
        slug=f"{section.slug}-splits",
        caption=(
            "Validation against test. The gap is the mean test loss minus the mean "
            "validation loss. Chosen: points that no other dominates on validation; lost: those of "
            "them that another chosen point dominates on test."
        ),
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


def point_table(section: Section) -> Table:
    """Every point of every front: the data behind the figures."""
    names = section.facts.objective_names
    return Table(
        subject=section.title,
        slug=f"{section.slug}-points",
        caption="Final test losses of the runs that ended well.",
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


def convergence_table(section: Section) -> Table:
    """Every value of every convergence curve."""
    return Table(
        subject=section.title,
        slug=f"{section.slug}-convergence",
        caption="Hypervolume while the fronts were found.",
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


def _unknown(section: Section) -> bool:
    judge = section.facts.judge
    return judge is None or judge.best_hypervolume != judge.best_hypervolume


def _indicator(name: str, *, title: str = "", kind: Kind = "number") -> Column:
    indicator = indicators[name]
    return Column(
        key=name,
        title=title or indicator.title,
        kind=kind,
        better=indicator.better,
        help=indicator.summary,
    )


def _vector(values: tuple[float, ...] | list[float]) -> str:
    return ", ".join(f"{v:.4g}" for v in values)


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
