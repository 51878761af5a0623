"""`paretomtl select`: the best value of an option, chosen on validation data and shown on test data."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paretomtl.cli.output import PLAIN, Output

if TYPE_CHECKING:
    from paretomtl.indicators.selection import Candidate

BAR = 30
"""Characters of the longest bar."""


def select_command(
    store: Path,
    *,
    by: str = "gamma",
    score: str = "mean",
    problem: str | None = None,
    method: str | None = None,
    output: Output = PLAIN,
) -> None:
    """Choose the value of an option by the validation losses of the runs of a store.

    `paretomtl run gamma-search` fills a store for the search over gamma. The table and the bars show
    the score on the validation split, which chooses, and on the test split, which is to be reported.

    Args:
        store: The store.
        by: The option: a numeric column of the runs, such as gamma or lr.
        score: Of one run's losses, lower is better: mean, worst or geometric.
        problem: Only runs of this problem.
        method: Only runs of this method.
        output: How to print.
    """
    from paretomtl.indicators.selection import select_value
    from paretomtl.records.store import open_store

    runs: list[dict[str, Any]] = open_store(store).runs().to_dict("records")  # pyright: ignore[reportUnknownMemberType, reportAssignmentType, reportUnknownVariableType]
    wanted = {"problem": problem, "method": method}
    runs = [r for r in runs if all(v is None or r[k] == v for k, v in wanted.items())]
    found = select_value(runs, by=by, score=score)
    rows = [_row(c, found) for c in found]
    columns = {"value": by, "validation": f"validation {score}", "test": f"test {score}"}
    columns |= {"seeds": "seeds", "bad": "not ok", "mark": "", "bar": "above the best, validation"}
    output.table(rows, columns)
    best = next(c for c in found if c.chosen)
    ties = ", ".join(f"{c.value:g}" for c in found if c.tied)
    output.result(
        {"by": by, "score": score, "candidates": [dataclasses.asdict(c) for c in found]},
        f"{by} = {best.value:g}, chosen on validation; on test {_shown(best.test, best.test_spread)}"
        + (
            f"; within one standard error of it: {ties}"
            if ties
            else "; no other is within one standard error"
        ),
    )


def _row(c: Candidate, found: list[Candidate]) -> dict[str, Any]:
    scores = [other.validation for other in found if not math.isnan(other.validation)]
    low, high = min(scores), max(scores)
    part = (c.validation - low) / (high - low) if high > low else 0.0
    return {
        "value": f"{c.value:g}",
        "validation": _shown(c.validation, c.validation_spread),
        "test": _shown(c.test, c.test_spread),
        "seeds": c.seeds,
        "bad": c.bad,
        "mark": "chosen" if c.chosen else "tied" if c.tied else "",
        "bar": "" if math.isnan(part) else "█" * round(BAR * part) or "|",
    }


def _shown(mean: float, spread: float) -> str:
    """Return the mean and the standard deviation over seeds."""
    return f"{mean:.4f}" if math.isnan(spread) else f"{mean:.4f} ± {spread:.4f}"
