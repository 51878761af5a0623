"""Records sorted into what a reader compares: sections, entries, fronts.

A *section* is one problem under one setting (optimizer, budget, minibatch, precision); an *entry* is one
method with its options and learning rate, which is the method's to tune; a *front* is the runs of one
entry and one seed over the preferences.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from paretomtl.records.record import Record
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec

ANCHOR_METHOD = "linear"
"""With all weight on one task this method trains a single-task network: the anchor of that task."""


@dataclass(frozen=True)
class SectionSetting:
    """What all runs of a section share besides the problem."""

    optimizer: str
    budget: Budget
    batch_size: int | None
    precision: str | None
    heads: str

    @classmethod
    def of(cls, spec: RunSpec) -> SectionSetting:
        """Read it from a run's spec; the learning rate is left to the entry."""
        return cls(
            optimizer=_optimizer(spec.optimizer),
            budget=spec.budget,
            batch_size=spec.batch_size,
            precision=spec.precision,
            heads=spec.heads,
        )

    @property
    def label(self) -> str:
        """The setting in words, without what is default."""
        parts = [self.optimizer, f"{self.budget.amount} {self.budget.unit}"]
        if self.batch_size is not None:
            parts.append(f"minibatches of {self.batch_size}")
        if self.precision is not None:
            parts.append(self.precision)
        if self.heads != "unweighted":
            parts.append(f"{self.heads} heads")
        return ", ".join(parts)


@dataclass(frozen=True)
class Entry:
    """A method as it was run: options, learning rate, and how densely its trajectory was recorded."""

    method: Choice
    lr: float
    snapshots: int | None

    @classmethod
    def of(cls, spec: RunSpec) -> Entry:
        """Read it from a run's spec."""
        return cls(spec.method, spec.optimizer.lr, spec.snapshots)


@dataclass(frozen=True, kw_only=True)
class FrontRuns:
    """The runs of one entry and one seed, by preference.

    Args:
        entry: Method, options, learning rate.
        seed: The seed.
        records: In the order of their preferences.
    """

    entry: Entry
    seed: int
    records: tuple[Record, ...]

    @property
    def usable(self) -> tuple[Record, ...]:
        """The runs that reached the end of their budget at finite losses."""
        return tuple(record for record in self.records if not why_unusable(record))


@dataclass(frozen=True, kw_only=True)
class SectionRuns:
    """All fronts of one section."""

    problem: Choice
    setting: SectionSetting
    fronts: tuple[FrontRuns, ...]

    @property
    def records(self) -> list[Record]:
        """Every run of the section."""
        return [record for front in self.fronts for record in front.records]

    @property
    def labels(self) -> dict[Entry, str]:
        """Name every entry by its method, adding what distinguishes entries of one method."""
        entries = sorted({f.entry for f in self.fronts}, key=_order)
        labels: dict[Entry, str] = {}
        for entry in entries:
            others = [e for e in entries if e.method == entry.method]
            label = entry.method.label
            if len({e.lr for e in others}) > 1:
                label += f", lr {entry.lr:g}"
            if len({e.snapshots for e in others}) > 1:
                label += f", {entry.snapshots or 'default'} snapshots"
            labels[entry] = printable(label)
        return labels


def group_records(records: Iterable[Record]) -> list[SectionRuns]:
    """Sort records into sections, entries and seeds, in an order that depends on their specs alone."""
    sections: dict[tuple[Choice, SectionSetting], dict[tuple[Entry, int], list[Record]]] = {}
    # A preference read from its end sorts from all weight on the first task to all on the last. The
    # key decides the rest, so that the order in which a store was filled does not show.
    for record in sorted(records, key=lambda r: (r.spec.preference[::-1], r.key)):
        spec = record.spec
        fronts = sections.setdefault((spec.problem, SectionSetting.of(spec)), {})
        fronts.setdefault((Entry.of(spec), spec.seed), []).append(record)
    return [
        SectionRuns(
            problem=problem,
            setting=setting,
            fronts=tuple(
                FrontRuns(entry=entry, seed=seed, records=tuple(runs))
                for (entry, seed), runs in sorted(
                    fronts.items(), key=lambda item: (_order(item[0][0]), item[0][1])
                )
            ),
        )
        for (problem, setting), fronts in sorted(
            sections.items(), key=lambda item: (item[0][0].label, item[0][1].label)
        )
    ]


def why_unusable(record: Record) -> str:
    """Return why a run contributes no point to its front; empty when it does."""
    outcome = record.outcome
    if outcome.status != "ok":
        return outcome.reason or "no reason recorded"
    losses = outcome.losses.get("test")
    if losses is None or len(losses) == 0:
        return "no losses on the test split were recorded"
    if not np.isfinite(losses[-1]).all():
        return "the final test losses are not finite"
    return ""


def anchored_task(spec: RunSpec) -> int | None:
    """Return the task that a single-task run trains; None for any other run."""
    if spec.method.name != ANCHOR_METHOD or sorted(spec.preference)[:-1] != [0.0] * (
        len(spec.preference) - 1
    ):
        return None
    return int(np.argmax(spec.preference))


def printable(text: str) -> str:
    """Replace control characters, which no page, figure or table can show."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _order(entry: Entry) -> tuple[str, float, int]:
    return entry.method.label, entry.lr, entry.snapshots or 0


def _optimizer(optimizer: Optimizer) -> str:
    plain = Optimizer(name=optimizer.name)
    details = [
        f"{name} {getattr(optimizer, name)}"
        for name in ("momentum", "betas", "eps", "weight_decay")
        if getattr(optimizer, name) != getattr(plain, name)
    ]
    return " ".join([optimizer.name, *(f"({d})" for d in details)])
