"""Sentences that keep a reader from reading more into a section than is there."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from paretomtl_reports.analysis.model import Result, Section
from paretomtl_reports.analysis.statistics import ranks

SAME_DIRECTION = ({"nash_mtl", "imtl_g", "config", "fairgrad"}, {"upgrad", "pcgrad"})
"""Methods that follow one direction on two tasks (FairGrad at alpha = 1), whatever the step length."""

COINCIDE = 1e-9
"""Relative difference up to which two runs ended at the same point."""


def with_alerts(section: Section) -> Section:
    """Return the section with what invalidates numbers of it."""
    found: list[str] = []
    if section.facts.missing:
        found.append(
            f"The problem could not be constructed ({section.facts.missing}). Its reference point and "
            f"front are unknown here, so nothing is scored: only the recorded losses are shown."
        )
    for result in section.results:
        found.extend(
            f"{result.label}, seed {front.seed}: {front.refused}"
            for front in result.fronts
            if front.refused
        )
    short = [r for r in section.results if r.diverged + r.failed]
    if short:
        lost = ", ".join(f"{r.label} {r.diverged + r.failed} of {r.n_runs}" for r in short)
        found.append(f"Runs that did not end well: {lost}.")
    absent = [r for r in section.results if r.absent > 0]
    if absent:
        lacking = ", ".join(f"{r.label} {r.absent}" for r in absent)
        found.append(
            f"Runs that the store does not hold although other methods or seeds have their like: "
            f"{lacking}. Fronts of fewer runs compare unfavorably; finish the suite first."
        )
    return dataclasses.replace(section, alerts=tuple(found))


def with_notes(section: Section) -> Section:
    """Return the section with what qualifies numbers of it."""
    found: list[str] = []
    if len(section.seeds) == 1:
        found.append("One seed only: there is no interval, and no difference can be called real.")
    if any(f.scores.get("hypervolume_is_exact") == 0 for r in section.results for f in r.fronts):
        found.append(
            "Some hypervolumes are approximate (relative error about 1e-3): the exact algorithm takes "
            "too long for so many points in so many objectives."
        )
    changed = _sensitive(section)
    if changed:
        found.append(changed)
    found.extend(
        f"{a.label} and {b.label} ended at the same points in every run: this is one result, not two."
        for a, b in itertools.combinations(section.results, 2)
        if _coincide(a, b)
    )
    if section.n_objectives == 2:
        for family in SAME_DIRECTION:
            names = {r.label.split("(")[0].split(",")[0] for r in section.results}
            present = sorted(names & family)
            if len(present) > 1:
                found.append(
                    f"On two tasks {' and '.join(present)} follow the same direction, so this problem "
                    f"tells them apart by step length only. Compare them on three tasks or more."
                )
    if section.initial:
        found.append(_beginning(section))
    if section.facts.neural and len(section.anchors) < section.n_objectives:
        found.append(
            "Not every task has a single-task anchor: run `linear` with all weight on each task in "
            "turn (Das-Dennis preferences hold these corners)."
        )
    return dataclasses.replace(section, notes=tuple(found))


def _beginning(section: Section) -> str:
    """Return where training begins, measured and by theory."""
    measured = ", ".join(f"{value:.3g}" for value in section.initial)
    words = f"Before training the test losses are {measured} (mean over all networks)"
    if not section.facts.initial:
        return f"{words}."
    theory = ", ".join(f"{value:.3g}" for value in section.facts.initial)
    return f"{words}; in theory, for outputs of zero, {theory}."


def _sensitive(section: Section) -> str:
    near = ranks([r.estimates["hypervolume"].mean for r in section.results])
    far = ranks([r.estimates["sensitivity_hypervolume"].mean for r in section.results])
    moved = [
        f"{r.label} {a:g} to {b:g}"
        for r, a, b in zip(section.results, near, far, strict=True)
        if a == a and b == b and a != b
    ]
    if not moved:
        return ""
    return (
        f"The order depends on the reference point: with one twice as far from the ideal, ranks move "
        f"({'; '.join(moved)})."
    )


def _coincide(a: Result, b: Result) -> bool:
    if [f.seed for f in a.fronts] != [f.seed for f in b.fronts] or not a.ok:
        return False
    for one, other in zip(a.fronts, b.fronts, strict=True):
        if one.points.shape != other.points.shape:
            return False
        if not np.array_equal(one.preferences, other.preferences):
            return False
        if not np.allclose(one.points, other.points, rtol=COINCIDE, atol=0):
            return False
    return True
