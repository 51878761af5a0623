"""Try to get past every stated front: 1000 lanes, 5000 steps of projected Adam each.

    python benchmarks/references/front_attack.py [NAME ...] [--lanes 1000] [--steps 5000] [--out FILE.csv]

The loop is `paretomtl.testing.problems.front_attack.attack`: smooth Tchebycheff with random preferences, in the
problem's box. Half of the lanes start uniformly in the box. Where the Pareto set is known in closed
form (`pareto_sets.py`; the column "near" says so) the other half starts beside it: perturbed by 1e-6
to 0.3 of the box at a learning rate of 0.01, and by 1e-8 to 1e-3 at 1e-4, a quarter each, so that
neither local fronts nor narrow valleys protect what is stated. Every twentieth of the run all lanes are compared with the stated front: for two
objectives with a million of its points, for more by the front's equation (`exact_margins.py`), and
where none is written down there with 10 000 points, which notice a point only from about their
distance on; the column "by" says which. The table names, for each problem, the largest share of
the front's range by which a point lies past the front (at most 1e-6 allowed, or the accuracy that
the card states), and the median of that share over the lanes at the end: 0 on the front, negative
where lanes stopped before it, as they do behind local fronts and where the front has gaps. Rows
are appended as they are ready; problems that are in the file already are skipped.

Exits with 1 when a point got past a front.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

import torch
from exact_margins import exact_margins
from pareto_sets import pareto_points
from paretomtl_problems.analytic.classic.viennet import ViennetFunction
from torch import Tensor

import paretomtl as pm
from paretomtl.errors import NoKnownFront
from paretomtl.problems import AnalyticProblem
from paretomtl.testing.problems.front_attack import attack, margins, spans

OPTIONS: dict[str, tuple[dict[str, object], ...]] = {
    "cagrad_toy": ({"setting": "cagrad"}, {"setting": "nash_mtl"}),
    **{f"dtlz{i}": ({"n_objectives": 2}, {"n_objectives": 3}) for i in range(1, 8)},
    "fonseca_fleming": ({}, {"n_objectives": 3, "n_variables": 4}),
    "quadratic": (
        {},
        {"conflict": 0.3, "condition": 100.0},
        {"curvature": 10.0, "scale": 100.0},
        {"n_objectives": 3, "curvature": 10.0},
    ),
    "rank_one": ({"n_objectives": 2}, {"correlation": 0.3}, {"correlation": -0.4}),
    **{f"wfg{i}": ({"n_objectives": 2}, {"n_objectives": 3}) for i in range(1, 10)},
}
"""The settings attacked; the defaults of every other problem."""

COLUMNS = (
    "problem",
    "options",
    "n",
    "m",
    "near",
    "by",
    "past the front",
    "allowed",
    "median lane",
    "seconds",
)


def starts(problem: AnalyticProblem, lanes: int) -> tuple[Tensor | None, Tensor | float]:
    """Return where lanes start and their learning rates; (None, 0.03) where no Pareto set is known."""
    generator = torch.Generator().manual_seed(1)
    near = pareto_points(problem, lanes // 2, generator)
    if near is None:
        return None, 0.03
    far = torch.stack([problem.start(generator) for _ in range(lanes - len(near))])
    u = torch.rand(len(near), 2, dtype=torch.float64, generator=generator)
    wide = torch.arange(len(near)) % 2 == 0
    reach = torch.where(wide, 10 ** (-6 + 5.5 * u[:, 0]), 10 ** (-8 + 5 * u[:, 0]))
    noise = torch.randn(near.shape, dtype=torch.float64, generator=generator)
    some = torch.rand(near.shape, dtype=torch.float64, generator=generator) < u[:, 1:]
    lower, upper = problem.bounds
    near = near + reach[:, None] * (noise * some) * (upper - lower)
    rates = torch.cat((torch.full((len(far),), 0.03), torch.where(wide, 1e-2, 1e-4)))
    return torch.cat((far, near.clamp(lower, upper))), rates


def attacked(
    problem: AnalyticProblem, lanes: int, steps: int
) -> tuple[bool, str, float, float] | None:
    """Return whether lanes started beside the Pareto set, the yardstick, and two margins.

    The largest of all, and the median of all lanes at the end; None where no front is stated.
    """
    count = 1_000_000 if problem.n_objectives == 2 else 10_000
    if isinstance(problem, ViennetFunction):
        count = 100_000  # a curve: three objectives of two variables on a line
    try:
        front = problem.front(count)
    except NoKnownFront:
        return None
    begin, rates = starts(problem, lanes)
    cloud = attack(problem, lanes=lanes, steps=steps, starts=begin, rates=rates)
    found = exact_margins(problem, cloud) if problem.n_objectives > 2 else None
    by = "equation"
    if found is None:
        found, by = margins(cloud, front, spans(problem)), f"{len(front)} points"
    return begin is not None, by, float(found.max()), float(found[-lanes:].median())


def main() -> int:
    """Attack, append to the table, and return the exit code."""
    parser = argparse.ArgumentParser(description="attack every stated front")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--lanes", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "front_attack.csv")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, str]] = []
    if arguments.out.exists():
        with arguments.out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    done = {(row["problem"], row["options"]) for row in rows}
    passed = [row for row in rows if float(row["past the front"]) > float(row["allowed"])]
    for name in arguments.names or list(pm.problems):
        for options in OPTIONS.get(name, ({},)):
            problem = pm.problem(name, **options)
            if not isinstance(problem, AnalyticProblem) or not problem.card.differentiable:
                continue
            shown = " ".join(f"{key}={value}" for key, value in options.items())
            if (name, shown) in done:
                continue
            begin = time.perf_counter()
            result = attacked(problem, arguments.lanes, arguments.steps)
            if result is None:
                continue
            near, by, best, median = result
            values = (
                name,
                shown,
                problem.n_variables,
                problem.n_objectives,
                "yes" if near else "no",
                by,
                f"{best:.1e}",
                f"{max(1e-6, problem.card.front_accuracy):.0e}",
                f"{median:.1e}",
                f"{time.perf_counter() - begin:.0f}",
            )
            row = dict(zip(COLUMNS, map(str, values), strict=True))
            print(*row.values(), flush=True)
            new = not arguments.out.exists()
            with arguments.out.open("a", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                if new:
                    writer.writeheader()
                writer.writerow(row)
            if best > max(1e-6, problem.card.front_accuracy):
                passed.append(row)
    for row in passed:
        print("PAST THE FRONT:", row["problem"], row["options"], row["past the front"])
    return int(bool(passed))


if __name__ == "__main__":
    sys.exit(main())
