"""Recompute every constant of a front that is stated as a number, and say how far it is off.

    python benchmarks/references/reference_fronts.py

Covers what `paretomtl_problems.analytic` holds as literals or integrates numerically: the pieces of
Poloni's and Viennet's fronts (roots, to 1e-9), the best hypervolume of Viennet's curve (difference
between 20 001 and 80 001 points), and that of opposed rank-one tasks (difference between grids).
The fronts of the RE problems have their own script, `re_fronts.py`.

Exits with 1 when a constant is farther off than stated.
"""

from __future__ import annotations

import math
import sys

import torch
from paretomtl_problems.analytic.classic import poloni, viennet
from paretomtl_problems.analytic.fronts.pieces import bisect, new_minima
from paretomtl_problems.analytic.fronts.space_curve import curve_hypervolume
from paretomtl_problems.analytic.toys import rank_one
from scipy.optimize import fsolve

import paretomtl as pm


def poloni_pieces() -> list[float]:
    """Return where Poloni's front starts, touches the edge, leaves off, resumes and ends."""
    (low, high), (far, end) = new_minima(poloni.least, 0.0, 5.0, resolution=2001)
    middle = 0.5 * (low + high)

    def kink(radius: float) -> float:
        """Jump of the slope of f1 across a radius: largest where the box begins to bind."""
        r = torch.tensor([radius - 1e-4, radius, radius + 1e-4], dtype=torch.float64)
        f = poloni.least(r)
        return float((f[0] - 2 * f[1] + f[2]).abs())

    radii = torch.linspace(0.1, min(0.3, middle), 4001)
    near = max(map(float, radii), key=kink)
    touch = bisect(lambda r: poloni.touches(r) < 0, near - 0.01, near + 0.01)
    return [low, touch, high, far, end]


def viennet_pieces() -> list[float]:
    """Return the jump, the local minimum of f1, the edge of the box and the end of Viennet's front."""

    def at(s: float) -> list[float]:
        return viennet.CURVE.point(torch.tensor([s], dtype=torch.float64))[0].tolist()

    def equal(pair: tuple[int, int], guess: tuple[float, float]) -> list[float]:
        return list(fsolve(lambda v: [at(v[0])[k] - at(v[1])[k] for k in pair], guess, xtol=1e-13))

    jump = equal((0, 2), (1.5, 5.2))[0]  # f1 and f3 are met by a later point whose f2 is less
    end = equal((1, 2), (0.75, 17.1))[1]  # f2 and f3 are met by an earlier point whose f1 is less
    edge = bisect(lambda s: viennet.edge_distance(s) > 0, 14.0, 17.0)
    return [jump, 4 * math.pi / 3, edge, end]


def main() -> int:
    """Print stated and recomputed constants; return the exit code."""
    wrong = 0

    def compare(what: str, stated: float, found: float, allowed: float) -> None:
        nonlocal wrong
        error = abs(found - stated) / max(1.0, abs(stated))
        wrong += error > allowed
        print(
            f"{what:46} stated {stated:.15g} found {found:.15g} off by {error:.1e} of {allowed:.0e}"
        )

    edges = [poloni.PIECES[0][0], poloni.PIECES[0][1], *poloni.PIECES[1][1:], *poloni.PIECES[2]]
    for k, (stated, found) in enumerate(zip(edges, poloni_pieces(), strict=True)):
        compare(f"poloni, distance {k}", stated, found, 1e-9)
    stated_edges = [
        viennet.PIECES[0][1],
        viennet.PIECES[1][0],
        viennet.PIECES[1][1],
        viennet.PIECES[2][1],
    ]
    for k, (stated, found) in enumerate(zip(stated_edges, viennet_pieces(), strict=True)):
        compare(f"viennet, |x|^2 {k}", stated, found, 1e-8)
    problem = pm.problem("viennet")
    finer = curve_hypervolume(viennet.CURVE, problem.reference_point, points=80_001)
    compare("viennet, best hypervolume", problem.best_hypervolume(), finer, 1e-6)
    for correlation in (-0.2, -0.4):
        coarse = pm.problem("rank_one", correlation=correlation).best_hypervolume()
        rank_one.CELLS, cells = 2 * rank_one.CELLS, rank_one.CELLS
        fine = pm.problem("rank_one", correlation=correlation).best_hypervolume()
        rank_one.CELLS = cells
        compare(f"rank_one {correlation}, best hypervolume", coarse, fine, 1e-6)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
