"""`paretomtl status`: what a suite has done, what would run, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from paretomtl.cli.output import PLAIN, Output, shown
from paretomtl.cli.run import plan_line
from paretomtl.cli.stores import store_of

if TYPE_CHECKING:
    from paretomtl.records.store import Store
    from paretomtl.sweep.spec import RunSpec

Identity: TypeAlias = tuple[Any, ...]
Flat: TypeAlias = dict[str, Any]

COLUMNS = {
    "problem": "problem",
    "method": "method",
    "ok": "ok",
    "diverged": "diverged",
    "failed": "failed",
    "to_run": "to run",
    "why": "why",
}


def status_command(suite: str, store: Path | None = None, *, output: Output = PLAIN) -> None:
    """Show what a suite has done and what would run, and why.

    Args:
        suite: Name of a built-in suite, or a TOML file.
        store: The store; runs/NAME when left out.
        output: How to print.
    """
    from paretomtl import suites
    from paretomtl.records.store import open_store

    loaded = suites.load(suite)
    specs = loaded.runs()
    opened = open_store(store or store_of(loaded.name))
    statuses = opened.statuses()
    pending = [spec for spec in specs if spec.key not in statuses]
    reasons = why(opened, specs, pending)
    cells = list(dict.fromkeys((spec.problem.label, spec.method.label) for spec in specs))
    rows = [_row(cell, specs, statuses, reasons) for cell in cells]
    line = plan_line(len(specs), len(pending))
    output.say(
        line, f"Store: {opened.path}{'' if opened.path.exists() else ' (does not exist yet)'}", ""
    )
    output.table(rows, COLUMNS)
    if output.json:
        done = len(specs) - len(pending)
        plan = {"runs": len(specs), "done": done, "to_run": len(pending), "cells": rows}
        output.result({"suite": loaded.name, "store": str(opened.path), **plan})


def why(store: Store, specs: Sequence[RunSpec], pending: Iterable[RunSpec]) -> dict[str, str]:
    """Return by key why each pending run is not done: how it differs from the nearest stored run.

    Compared are stored runs outside the suite with the same problem and method names, preference and
    seed; the nearest differs in the fewest fields.
    """
    asked = {spec.key for spec in specs}
    others: dict[Identity, list[Flat]] = {}
    if store.path.exists():
        for record in store.records(store.keys() - asked):
            others.setdefault(_identity(record.spec), []).append(_flat(record.spec.canonical()))
    reasons: dict[str, str] = {}
    for spec in pending:
        wanted = _flat(spec.canonical())
        changes = [_changes(facts, wanted) for facts in others.get(_identity(spec), [])]
        nearest = min(changes, key=len, default=None)
        reasons[spec.key] = "not run yet" if nearest is None else f"changed: {', '.join(nearest)}"
    return reasons


def _row(
    cell: tuple[str, str],
    specs: Sequence[RunSpec],
    statuses: dict[str, str],
    reasons: dict[str, str],
) -> Flat:
    here = [spec for spec in specs if (spec.problem.label, spec.method.label) == cell]
    counts = Counter(statuses.get(spec.key, "to_run") for spec in here)
    causes = Counter(reasons[spec.key] for spec in here if spec.key in reasons)
    several = len(causes) > 1
    texts = [f"{n} {cause}" if several else cause for cause, n in causes.most_common()]
    numbers = {name: counts[name] for name in ("ok", "diverged", "failed", "to_run")}
    return {"problem": cell[0], "method": cell[1], **numbers, "why": "; ".join(texts)}


def _identity(spec: RunSpec) -> Identity:
    return spec.problem.name, spec.method.name, spec.preference, spec.seed


def _flat(facts: Any, path: str = "") -> Flat:
    """Return nested data as one level, paths as keys; options by their names."""
    if path.endswith(".options"):
        facts = dict(facts)
    if not isinstance(facts, dict):
        return {path: facts}
    inner = cast("Flat", facts)
    parts = (_flat(value, f"{path}.{key}" if path else key) for key, value in inner.items())
    return {key: value for part in parts for key, value in part.items()}


def _changes(old: Flat, new: Flat) -> list[str]:
    return [
        f"{path} {shown(old.get(path)) or 'default'} -> {shown(new.get(path)) or 'default'}"
        for path in dict.fromkeys([*new, *old])
        if old.get(path) != new.get(path)
    ]
