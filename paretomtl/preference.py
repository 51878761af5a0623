"""The rule of preferences, for sweeps and for direct calls alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paretomtl.errors import BadInput

TOLERANCE = 1e-6
"""How far the sum of a preference may be from one. Numbers typed with six digits fit, and so do float32
rows that were divided by their sum."""


def check_simplex(rows: NDArray[np.float64]) -> None:
    """Check that preferences, one a row, lie on the simplex.

    Args:
        rows: [k, m].

    Raises:
        BadInput: An entry is negative or not finite, or a row does not sum to one within `TOLERANCE`; the
            message names the first such row.
    """
    good = np.isfinite(rows) & (rows >= 0)
    for i, j in np.argwhere(~good)[:1]:
        raise BadInput(f"{_row(rows, i)}: entry {j} must be finite and >= 0; found {rows[i, j]:g}.")
    totals = rows.sum(-1)
    for (i,) in np.argwhere(np.abs(totals - 1) > TOLERANCE)[:1]:
        advice = f"; divide by {totals[i]:g}" if totals[i] > 0 else ""
        raise BadInput(f"{_row(rows, i)} sums to {totals[i]:.10g}, not to 1{advice}.")


def _row(rows: NDArray[np.float64], i: int) -> str:
    return f"preference {i} ({', '.join(f'{value:g}' for value in rows[i])})"
