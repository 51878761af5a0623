"""Default places of stores and reports."""

from __future__ import annotations

from pathlib import Path

from paretomtl.errors import BadInput

RUNS = Path("runs")
REPORTS = Path("reports") / "out"


def store_of(suite: str) -> Path:
    """Return the default store of a suite."""
    return RUNS / suite


def latest_store() -> Path:
    """Return the store under `runs/` that was written to last.

    Raises:
        BadInput: There is none.
    """
    written = [
        (max(file.stat().st_mtime_ns for file in files), path)
        for path in sorted(RUNS.glob("*/"))
        if (files := list(path.glob("*.parquet")))
    ]
    if not written:
        raise BadInput(
            f"there is no store with runs under {str(RUNS)!r} in {str(Path.cwd())!r}; make one with "
            "`paretomtl run quickstart`, or name one."
        )
    return max(written)[1]
