"""Whether two stores hold the same runs with the same numbers, to the bit.

Run it after a change of the code that must not change any number, on a store filled before the change
and one filled after it with the same suite, on the same machine:

    paretomtl run one-run-a-method.toml --store before
    ...
    paretomtl run one-run-a-method.toml --store after
    python benchmarks/same_numbers/compare_stores.py before after

Runs are paired by key. Every column is compared but those of `EXCLUDED`, which are printed with the
reason; NaN equals NaN of the same bits, and 0.0 does not equal -0.0. Exit code 0: equal; 1: a number
differs, or a run is in one store only; 2: a store could not be read, or holds no runs.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from paretomtl.errors import BadInput
from paretomtl.records.store import open_store

EXCLUDED = {
    "seconds": "wall time",
    "batch_seconds": "wall time",
    "started": "wall time",
    "peak_memory": "memory",
    "package": "provenance",
    "commit": "provenance",
    "torch": "provenance",
    "python": "provenance",
    "platform": "provenance",
    "device": "provenance",
    "threads": "provenance",
    "lanes": "provenance: how the runs were batched",
    "spec_version": "provenance: how the spec is written",
    "record_version": "provenance: how the record is written",
    "reason": "a sentence for people; `status` is compared",
}
"""Columns that may differ between equal runs, and why."""

EQUAL, DIFFERENT, UNREADABLE = 0, 1, 2


class Difference(NamedTuple):
    """One place where two stores disagree."""

    key: str
    column: str
    before: object
    after: object


def main() -> int:
    """Compare the two stores of the command line and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path, metavar="STORE")
    parser.add_argument("after", type=Path, metavar="STORE")
    parser.add_argument("--show", type=int, default=10, help="differences printed (default: 10)")
    asked = parser.parse_args()
    try:
        before, after = runs_of(asked.before), runs_of(asked.after)
    except (BadInput, OSError) as error:
        print(f"compare_stores: {error}", file=sys.stderr)
        return UNREADABLE
    columns = compared_columns(before, after)
    found = list(differences(before, after, columns))
    print(f"runs compared     {len(before.index.intersection(after.index))}")
    print(f"runs in one only  {len(before.index.symmetric_difference(after.index))}")
    print(f"columns compared  {len(columns)}: {', '.join(columns)}")
    print(f"columns excluded  {len(EXCLUDED)}:")
    for reason, names in itertools.groupby(EXCLUDED, EXCLUDED.__getitem__):
        print(f"    {', '.join(names)} ({reason})")
    different = len({(d.key, d.column.split("[")[0]) for d in found})
    print(f"cells different   {different}")
    if found:
        print_differences(found, pd.concat([before, after]), asked.show)
    return DIFFERENT if found else EQUAL


def runs_of(path: Path) -> pd.DataFrame:
    """Return the runs of a store, one row a run, by key.

    Raises:
        BadInput: It cannot be read as a whole, or holds no runs.
    """
    store = open_store(path)
    runs = store.runs()
    if store.set_aside:
        broken = ", ".join(aside.name for aside in store.set_aside)
        raise BadInput(f"the store {str(path)!r} has files that cannot be read: {broken}.")
    if runs.empty:
        raise BadInput(f"the store {str(path)!r} holds no runs.")
    return runs.set_index("key")


def compared_columns(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return the columns that must agree: all that either store has, but the excluded ones."""
    names = dict.fromkeys([*before.columns, *after.columns])
    return [name for name in names if name not in EXCLUDED]


def differences(
    before: pd.DataFrame, after: pd.DataFrame, columns: list[str]
) -> Iterator[Difference]:
    """Yield every disagreement: runs of one store only first, then cell by cell.

    Of an array the first number that differs is yielded, with its place.
    """
    for key in before.index.symmetric_difference(after.index):
        yield Difference(
            key, "key", *("there" if key in s.index else "missing" for s in (before, after))
        )
    keys = before.index.intersection(after.index)
    absent = pd.Series(None, index=keys, dtype=object)
    for column in columns:
        pair = [s[column].loc[keys] if column in s else absent for s in (before, after)]
        for key, a, b in zip(keys, *pair, strict=True):
            for place, old, new in unequal(a, b):
                yield Difference(key, column + place, old, new)


def unequal(a: Any, b: Any) -> Iterator[tuple[str, object, object]]:
    """Yield where two cells differ in some bit: the place within the cell, and both values."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in dict.fromkeys([*a, *b]):
            for place, old, new in unequal(a.get(name), b.get(name)):
                yield f"[{name}]{place}", old, new
    elif isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            yield "", f"{a.dtype}{list(a.shape)}", f"{b.dtype}{list(b.shape)}"
        elif a.tobytes() != b.tobytes():
            first = next(i for i in np.ndindex(a.shape) if a[i].tobytes() != b[i].tobytes())
            yield str([*first]), a[first], b[first]
    elif isinstance(a, float) and isinstance(b, float):
        if np.float64(a).tobytes() != np.float64(b).tobytes():
            yield "", a, b
    elif isinstance(a, np.ndarray) or isinstance(b, np.ndarray) or a != b:
        yield "", a, b


def print_differences(found: list[Difference], runs: pd.DataFrame, show: int) -> None:
    """Print the first places that differ as a table, one a line."""
    labels = runs["problem_label"] + ", " + runs["method_label"]
    names = labels[~runs.index.duplicated()]
    rows = [(d.key, names[d.key], d.column, repr(d.before), repr(d.after)) for d in found[:show]]
    table = [("key", "run", "column", "before", "after"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
    if len(found) > show:
        print(f"... and {len(found) - show} more places")


if __name__ == "__main__":
    sys.exit(main())
