"""From the runs of each section to its numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from paretomtl.indicators import AboveSupremum, Judge, nondominated
from paretomtl.records.record import Record
from paretomtl_reports.analysis.convergence import curve
from paretomtl_reports.analysis.facts import Facts, read_facts
from paretomtl_reports.analysis.grouping import FrontRuns, SectionRuns, printable, why_unusable
from paretomtl_reports.analysis.model import Result, Section, SeedFront, Unfinished
from paretomtl_reports.analysis.neural import anchors, initial_losses, trade_off, validation_gaps
from paretomtl_reports.analysis.notes import with_alerts, with_notes
from paretomtl_reports.analysis.statistics import estimate

INDICATORS = (
    "hypervolume",
    "normalized_hypervolume",
    "share_of_best",
    "sensitivity_hypervolume",
    "igd",
    "igd_plus",
    "gd",
    "gd_plus",
    "epsilon",
    "nondominated",
    "cut_off",
)
"""What is averaged over seeds, in the order of the tables."""


def analyze(groups: Sequence[SectionRuns]) -> tuple[Section, ...]:
    """Analyze the runs of every section; facts are read once a problem, styles hold for the whole page."""
    labels = sorted({label for group in groups for label in group.labels.values()})
    styles = {label: index for index, label in enumerate(labels)}
    times = Counter(group.problem for group in groups)
    known: dict[tuple[object, int], Facts] = {}
    slugs: list[str] = []
    found: list[Section] = []
    for group in groups:
        m = len(group.records[0].spec.preference)
        if (group.problem, m) not in known:
            neural = any("validation" in r.outcome.losses for r in group.records)
            known[group.problem, m] = read_facts(group.problem, m, neural=neural)
        slug = re.sub(r"[^a-z0-9]+", "-", group.problem.label.lower()).strip("-")[:60] or "problem"
        slugs.append(_unused(slug, slugs))
        found.append(
            _section(
                group,
                known[group.problem, m],
                styles,
                slug=slugs[-1],
                repeated=times[group.problem] > 1,
            )
        )
    return tuple(found)


def _unused(slug: str, taken: Sequence[str]) -> str:
    """Return the slug, with a number where it is taken."""
    numbered = (f"{slug}-{n}" for n in itertools.count(2))
    return slug if slug not in taken else next(s for s in numbered if s not in taken)


def _section(
    group: SectionRuns, facts: Facts, styles: Mapping[str, int], *, slug: str, repeated: bool
) -> Section:
    m = len(facts.objective_names)
    labels = group.labels
    seeds = sorted({front.seed for front in group.fronts})
    preferences = {record.spec.preference for record in group.records}
    expected = {(seed, preference) for seed in seeds for preference in preferences}
    results = [
        _result(
            label,
            styles[label],
            [front for front in group.fronts if front.entry == entry],
            facts.judge,
            expected=len(expected),
            m=m,
        )
        for entry, label in labels.items()
    ]
    results.sort(key=lambda r: (-_sortable(r.hypervolume.mean), r.label))
    single = anchors(group.fronts, m) if facts.neural else ()
    section = Section(
        slug=slug,
        problem=printable(group.problem.label),
        setting=group.setting.label,
        repeated=repeated,
        facts=facts,
        n_objectives=m,
        initial=initial_losses(group.records) if facts.neural else (),
        results=tuple(results),
        unfinished=tuple(
            _unfinished(labels[front.entry], record)
            for front in group.fronts
            for record in front.records
            if why_unusable(record)
        ),
        anchors=single,
        trade_off=trade_off(results, single, m) if facts.neural else None,
        splits=validation_gaps(results, facts.judge, m) if facts.neural else (),
        seeds=tuple(seeds),
        n_preferences=len(preferences),
        notes=(),
        alerts=(),
    )
    return with_notes(with_alerts(section))


def _result(
    label: str,
    style: int,
    runs: Sequence[FrontRuns],
    judge: Judge | None,
    *,
    expected: int,
    m: int,
) -> Result:
    records = [record for front in runs for record in front.records]
    ended = [record.outcome for front in runs for record in front.usable]
    failed = sum(record.outcome.status == "failed" for record in records)
    fronts = tuple(_front(front, judge, m) for front in runs)
    return Result(
        label=label,
        style=style,
        fronts=fronts,
        estimates={
            name: estimate([front.scores.get(name, math.nan) for front in fronts])
            for name in INDICATORS
        },
        curve=None if judge is None else curve(runs, judge),
        ok=len(ended),
        diverged=len(records) - len(ended) - failed,
        failed=failed,
        absent=expected - len(records),
        passes=_mean([float(o.backward_passes[-1]) for o in ended]),
        steps=_mean([float(o.steps[-1]) for o in ended]),
        seconds=_mean([float(o.seconds[-1]) for o in ended]),
    )


def _front(front: FrontRuns, judge: Judge | None, m: int) -> SeedFront:
    usable = front.usable
    points = np.array([r.outcome.final["test"] for r in usable]).reshape(-1, m)
    validation = [r.outcome.final["validation"] for r in usable if "validation" in r.outcome.losses]
    whole = bool(usable) and len(validation) == len(usable) and bool(np.isfinite(validation).all())
    # Of runs that ended at one point, one counts here; every one of them is drawn as non-dominated.
    scores = {"nondominated": float(nondominated(points, duplicates="first").sum())}
    refused = ""
    try:
        if judge is not None:
            scores = judge.score(points)
    except AboveSupremum as error:
        refused = str(error)
    return SeedFront(
        seed=front.seed,
        preferences=np.array([r.spec.preference for r in usable]).reshape(-1, m),
        points=points,
        validation=np.array(validation) if whole else None,
        nondominated=nondominated(points),
        scores=scores,
        refused=refused,
    )


def _unfinished(label: str, record: Record) -> Unfinished:
    outcome = record.outcome
    return Unfinished(
        label=label,
        seed=record.spec.seed,
        preference=record.spec.preference,
        status="diverged" if outcome.status == "ok" else outcome.status,
        reason=printable(why_unusable(record)),
        steps=int(outcome.steps[-1]) if len(outcome.steps) else 0,
        key=record.key,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _sortable(value: float) -> float:
    return -math.inf if math.isnan(value) else value
