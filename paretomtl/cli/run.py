"""`paretomtl run`: a suite's runs, those that its store does not hold yet."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from paretomtl.cli.output import PLAIN, Output, Switch
from paretomtl.cli.profiling import profile_steps
from paretomtl.cli.progress import RunProgress, duration
from paretomtl.cli.stores import store_of
from paretomtl.cli.summary import COLUMNS, for_people, summarize

if TYPE_CHECKING:
    from paretomtl.engine import Compute
    from paretomtl.executors import ExecutionSummary
    from paretomtl.records.store import Store
    from paretomtl.sweep.spec import RunSpec

log = logging.getLogger(__name__)

SOME_FAILED = 3
NOTHING_SELECTED = 5
INTERRUPTED = 130
SHOWN_FAILURES = 5


def run_command(
    suite: str,
    *,
    store: Path | None = None,
    device: str = "auto",
    executor: str = "local",
    compile: Switch = False,
    deterministic: Switch = False,
    memory: str | None = None,
    profile: Switch = False,
    only: Annotated[list[str] | None, Parameter(negative="")] = None,
    retry_failed: Switch = False,
    dry_run: Switch = False,
    output: Output = PLAIN,
) -> int:
    """Run a suite; only what its store does not hold yet.

    Every batch is stored as soon as it is over: an interrupted command, given again, goes on.

    Args:
        suite: Name of a built-in suite, or a TOML file.
        store: Directory that keeps the runs; runs/NAME when left out.
        device: Where to run: auto, cpu, cuda or cuda:1.
        compile: Compile each batch's step: slower to start, faster to run.
        deterministic: The same numbers to the bit in any batch and with any number of threads.
        memory: Most memory for a batch's tensors, such as 6GB; larger batches are cut.
        profile: Before the run, show where the time of a step goes, and write traces beside the store.
        executor: What runs the batches: local, processes or ray.
        only: A selection such as problem=zdt1, method=mgda, seed=0 or gamma=2; repeat for more.
        retry_failed: Run again what is stored as failed.
        dry_run: Show the plan alone.
        output: How to print.
    """
    from paretomtl import suites
    from paretomtl.engine import Compute, check_data, plan_batches
    from paretomtl.executors import executors
    from paretomtl.records.store import open_store
    from paretomtl.sweep.select import select

    loaded = suites.load(suite)
    compute = Compute(device=device, compile=compile, deterministic=deterministic, memory=memory)
    _ = compute.resolved  # an unknown device is refused here, before any work
    executors[executor]  # an unknown one is refused here, before any work
    specs = select(loaded.runs(), only or [])
    if not specs:
        return _nothing(output, loaded.name, only or [])
    opened = open_store(store or store_of(loaded.name))
    pending = opened.missing(specs, retry_failed=retry_failed)
    output.say(plan_line(len(specs), len(pending)))
    output.detail(*describe(specs))
    check_data(specs if profile else pending)
    if dry_run:  # planned as well: what cannot be planned is refused as by the run itself
        plan_batches(specs, compute=compute)
        return _show_plan(output, opened, specs, pending)
    if profile:
        profile_steps(output, specs, compute, opened.path.with_name(f"{opened.path.name}-profile"))
    summary = _execute(output, specs, opened, executor, compute, retry_failed)
    return _conclude(output, loaded.name, opened, specs, summary)


def _nothing(output: Output, name: str, conditions: Sequence[str]) -> int:
    output.say(f"nothing selected: no run of {name!r} fits {' and '.join(conditions)}.")
    return NOTHING_SELECTED


def plan_line(total: int, pending: int) -> str:
    """Return the plan in one line.

    >>> plan_line(48, 18)
    '48 runs: 30 done, 18 to run'
    """
    return f"{total} runs: {total - pending} done, {pending} to run"


def describe(specs: Sequence[RunSpec]) -> list[str]:
    """Return one line for each problem: how many methods, preferences and seeds."""
    lines: list[str] = []
    for label in dict.fromkeys(spec.problem.label for spec in specs):
        here = [spec for spec in specs if spec.problem.label == label]
        methods = len({spec.method.label for spec in here})
        points = len({spec.preference for spec in here})
        seeds = len({spec.seed for spec in here})
        lines.append(f"  {label}: {methods} methods, {points} preferences, {seeds} seeds")
    return lines


def _show_plan(
    output: Output, store: Store, specs: Sequence[RunSpec], pending: Sequence[RunSpec]
) -> int:
    total = Counter((spec.problem.label, spec.method.label) for spec in specs)
    left = Counter((spec.problem.label, spec.method.label) for spec in pending)
    rows = [
        {"problem": p, "method": m, "done": n - left[p, m], "to_run": left[p, m]}
        for (p, m), n in total.items()
    ]
    columns = {"problem": "problem", "method": "method", "done": "done", "to_run": "to run"}
    output.table(rows, columns)
    if output.json:
        done = len(specs) - len(pending)
        plan = {"runs": len(specs), "done": done, "to_run": len(pending), "cells": rows}
        output.result({"store": str(store.path), **plan})
    return 0


def _execute(
    output: Output,
    specs: Sequence[RunSpec],
    store: Store,
    executor: str,
    compute: Compute,
    retry_failed: bool,
) -> ExecutionSummary:
    from paretomtl.executors import execute

    with RunProgress(output) as progress:
        return execute(
            specs,
            store,
            executor=executor,
            compute=compute,
            retry_failed=retry_failed,
            progress=progress.update,
        )


def _conclude(
    output: Output,
    name: str,
    store: Store,
    specs: Sequence[RunSpec],
    summary: ExecutionSummary,
) -> int:
    statuses = store.statuses()
    counts = Counter(statuses.get(spec.key, "missing") for spec in specs)
    bad = counts["diverged"] + counts["failed"]
    rows = summarize(store, specs) if len(specs) > counts["missing"] else []
    if output.json:
        output.result(_as_data(name, store, counts, summary, rows))
    if rows:
        output.say("")
        if not output.quiet:
            output.table([*map(for_people, rows)], COLUMNS)
        output.say("")
    pace = f" in {duration(summary.seconds)}" if summary.executed else ""
    output.say(f"{summary.executed} runs carried out{pace}, {summary.reused} reused.")
    if bad:
        output.say(f"{counts['diverged']} runs diverged, {counts['failed']} failed.")
    for failure in summary.failures[: None if output.verbose else SHOWN_FAILURES]:
        output.say(f"  {failure.status}: {failure.label}: {failure.reason}")
    more = len(summary.failures) - SHOWN_FAILURES
    if more > 0 and not output.verbose:
        output.say(f"  and {more} more; --verbose shows all.")
    output.say(f"Store: {store.path}")
    if summary.interrupted:
        output.say(
            f"Interrupted: {len(specs) - counts['missing']} of {len(specs)} runs are finished and "
            "kept. Give the same command again to go on."
        )
        return INTERRUPTED
    output.say(f"Next: paretomtl report {store.path}")
    return SOME_FAILED if bad else 0


def _as_data(
    name: str,
    store: Store,
    counts: Counter[str],
    summary: ExecutionSummary,
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "suite": name,
        "store": str(store.path),
        "runs": summary.total,
        "executed": summary.executed,
        "reused": summary.reused,
        "ok": counts["ok"],
        "diverged": counts["diverged"],
        "failed": counts["failed"],
        "missing": counts["missing"],
        "interrupted": summary.interrupted,
        "seconds": summary.seconds,
        "steps": summary.steps,
        "set_aside": [dict(zip(("file", "reason"), s[:2], strict=True)) for s in store.set_aside],
        "failures": [failure._asdict() for failure in summary.failures],
        "cells": rows,
    }
