"""The values of a report: a page, its sections, their entries and fronts, in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from paretomtl_reports.analysis.facts import Facts
from paretomtl_reports.analysis.statistics import Estimate

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SeedFront:
    """What one entry reached with one seed.

    Args:
        seed: The seed.
        preferences: [k, m], of the runs that ended well.
        points: Final test losses of those runs, [k, m].
        validation: Their final validation losses, [k, m]; None for analytic problems.
        nondominated: Which points no other point of this front dominates, [k].
        scores: Indicator name to value; only what needs no fact of the problem when these are missing
            or the score was refused.
        refused: Why the points cannot be a result; empty otherwise.
    """

    seed: int
    preferences: Array
    points: Array
    validation: Array | None
    nondominated: NDArray[np.bool_]
    scores: dict[str, float]
    refused: str


@dataclass(frozen=True, kw_only=True)
class ConvergenceCurve:
    """Hypervolume of the whole front in the course of its runs, on a common grid of steps.

    Args:
        seeds: [S].
        steps: [T], from 0.
        passes: Backward passes of one run up to each step, [T].
        seconds: Wall-clock of one run up to each step, [T].
        hypervolume: [S, T], of the runs that ended well.
    """

    seeds: tuple[int, ...]
    steps: NDArray[np.int64]
    passes: Array
    seconds: Array
    hypervolume: Array


@dataclass(frozen=True, kw_only=True)
class Result:
    """One entry's row in a section.

    Args:
        label: Method and options.
        style: Index into the palette, the same for a label on the whole page.
        fronts: One a seed.
        estimates: Indicator name to its mean over seeds.
        curve: None when it could not be computed.
        ok: Runs that ended well.
        diverged: Runs whose numbers stopped being finite.
        failed: Runs that ended with an error.
        absent: Runs that other entries or seeds of the section have and this one lacks.
        passes: Backward passes of a run, mean.
        steps: Steps of a run, mean.
        seconds: Wall-clock of a run, mean: its batch's, divided by the runs that shared it.
    """

    label: str
    style: int
    fronts: tuple[SeedFront, ...]
    estimates: dict[str, Estimate]
    curve: ConvergenceCurve | None
    ok: int
    diverged: int
    failed: int
    absent: int
    passes: float
    steps: float
    seconds: float

    @property
    def hypervolume(self) -> Estimate:
        """The estimate that ranks the entries."""
        return self.estimates["hypervolume"]

    @property
    def n_runs(self) -> int:
        """Its runs in the store."""
        return self.ok + self.diverged + self.failed


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A run that contributes no point to its front."""

    label: str
    seed: int
    preference: tuple[float, ...]
    status: str
    reason: str
    steps: int
    key: str


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """Test losses of networks trained on one task alone.

    Args:
        task: Which task.
        seeds: One a run.
        points: Final test losses, [seeds, m].
        losses: Each objective's mean over the seeds.
    """

    task: int
    seeds: tuple[int, ...]
    points: Array
    losses: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True)
class TradeOff:
    """Whether the tasks of a neural problem compete, judged by the entry of largest hypervolume.

    Args:
        label: That entry.
        span: Extent in each objective of the non-dominated part of its test front, each point
            averaged over the seeds, [m].
        noise: Standard deviation over seeds of the test loss at a fixed preference, median over the
            preferences, [m]; NaN with one seed.
        shortfall: How much the network that comes nearest to being as good on every task as networks
            trained on that task alone falls short, in the task where it is worst:
            `min_p max_i (L_i(p) - a_i)`, mean over seeds; NaN without anchors for every task.
        seeds: Number of seeds.
        real: Whether the span exceeds `factor` standard errors, `factor * noise / sqrt(seeds)`, in
            every objective, and the shortfall, where it is known, the largest noise; None with one
            seed.
        factor: The stated factor.
    """

    label: str
    span: tuple[float, ...]
    noise: tuple[float, ...]
    shortfall: float
    seeds: int
    real: bool | None
    factor: float


@dataclass(frozen=True, kw_only=True)
class ValidationGap:
    """How far validation and test agree for one entry.

    Args:
        label: The entry.
        style: Index into the palette.
        gap: Test loss minus validation loss, mean over its runs, for each objective; one value a seed.
        validation_hypervolume: Of the front of validation losses, at the problem's reference point.
        test_hypervolume: Of the front of test losses.
        chosen: Points that no other dominates on validation, all seeds.
        lost: Those of them that another chosen point of the same seed dominates on test.
    """

    label: str
    style: int
    gap: tuple[Estimate, ...]
    validation_hypervolume: Estimate
    test_hypervolume: Estimate
    chosen: int
    lost: int


@dataclass(frozen=True, kw_only=True)
class Section:
    """One problem under one setting.

    Args:
        initial: Mean test losses before the first step, [m]; empty for formulas.
    """

    slug: str
    problem: str
    setting: str
    repeated: bool
    facts: Facts
    n_objectives: int
    initial: tuple[float, ...]
    results: tuple[Result, ...]
    unfinished: tuple[Unfinished, ...]
    anchors: tuple[Anchor, ...]
    trade_off: TradeOff | None
    splits: tuple[ValidationGap, ...]
    seeds: tuple[int, ...]
    n_preferences: int
    notes: tuple[str, ...]
    alerts: tuple[str, ...]

    @property
    def title(self) -> str:
        """The problem, with the setting where the problem has several."""
        return f"{self.problem} ({self.setting})" if self.repeated else self.problem

    def file_name(self, key: str) -> str:
        """Return what an exhibit of this section is called in file names and ids."""
        return f"{self.slug}-{key}"

    @property
    def best_known(self) -> bool:
        """Whether the hypervolume of the exact front is known, so that shares of it can be shown."""
        judge = self.facts.judge
        return judge is not None and not math.isnan(judge.best_hypervolume)

    @property
    def n_runs(self) -> int:
        """Runs in the store."""
        return sum(r.n_runs for r in self.results)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One entry over all problems.

    Args:
        label: The entry.
        style: Index into the palette.
        ranks: Its rank in each section; NaN where it has none.
        mean_rank: Over the sections that rank every entry; NaN without such a section.
        values: Mean hypervolume in each section, normalized where the exact front's is known; NaN
            where it has none.
        wins: Sections in which it ranks first, alone or tied.
        unfinished: Runs that diverged or failed.
        runs: Runs in the store.
    """

    label: str
    style: int
    ranks: tuple[float, ...]
    mean_rank: float
    values: tuple[float, ...]
    wins: int
    unfinished: int
    runs: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole report, in numbers.

    Args:
        title: Heading.
        sections: One a problem and setting.
        standings: One an entry, the best first.
        ranked: Titles of the sections that rank every entry; mean ranks are over these.
        provenance: With what, where and when the runs were computed, as terms and values; all of it is
            from the records.
        n_runs: Runs in the store.
        n_unfinished: Runs that contribute no point.
        warnings: What went wrong while the store was read.
    """

    title: str
    sections: tuple[Section, ...]
    standings: tuple[Standing, ...]
    ranked: tuple[str, ...]
    provenance: tuple[tuple[str, str], ...]
    n_runs: int
    n_unfinished: int
    warnings: tuple[str, ...]

    def file_name(self, key: str) -> str:
        """Return what an exhibit of the whole page is called in file names and ids."""
        return key
