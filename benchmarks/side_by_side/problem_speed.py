"""Time the evaluation with gradients of 10 000 points against pymoo's own, family by family.

    OMP_NUM_THREADS=1 python benchmarks/side_by_side/problem_speed.py [--points 10000] [--repeats 7] [--out FILE.md]

Both sides compute values [k, m] and the whole Jacobian [k, m, n] of the same points in float64 and
are compared first. Ours: one batched backward pass of torch. Theirs, by the column "yardstick":

- `pymoo`: pymoo's problem under its `AutomaticDifferentiation` (autograd), m backward passes.
- `plain`: pymoo has no such problem; the formula in plain NumPy as a pymoo `Problem`
  (`plain_problems.py`), differentiated by pymoo in the same way.
- `n + 1 evaluations`: pymoo's WFG problems write into arrays in place and cannot be differentiated by
  autograd; what is left to its user are forward differences. The column "weaker" has the ratio to
  1 + m evaluations instead, which is less than any reverse mode could cost.

Repetitions of the two are interleaved and medians are taken, of CPU time: on one thread that is the
time of a machine that does nothing else. With glibc, both sides keep freed memory instead of giving
it back to the system between calls; otherwise page faults of the virtual machine are most of what is
measured. `--compiled` adds our time under `torch.compile`, values and Jacobian in one graph (half a
minute a problem to compile). `--alone` adds our time for every other problem, without a yardstick.

Exits with 1 when a problem is slower than its yardstick, or the median over pymoo's own problems is
less than 5.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import platform
import statistics
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymoo
import torch
from plain_problems import PLAIN, Plain
from pymoo.core.problem import Problem
from pymoo.gradient.automatic import AutomaticDifferentiation
from pymoo.problems import get_problem
from timing import conditions, medians

import paretomtl as pm
from paretomtl.problems import AnalyticProblem
from paretomtl.testing.problems.evaluation import jacobian

PEERS: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    **{f"zdt{i}": (f"zdt{i}", {}, {}) for i in (1, 2, 3, 4, 6)},
    **{
        f"dtlz{i}": (f"dtlz{i}", {"n_objectives": 3, "n_variables": 12}, {"n_obj": 3, "n_var": 12})
        for i in range(1, 8)
    },
    "inverted_dtlz1": ("dtlz1^-1", {"n_variables": 7}, {"n_var": 7, "n_obj": 3}),
    "convex_dtlz2": ("convex_dtlz2", {"n_variables": 12}, {"n_var": 12, "n_obj": 3}),
    "convex_dtlz4": ("convex_dtlz4", {"n_variables": 12}, {"n_var": 12, "n_obj": 3}),
    "scaled_dtlz1": ("sdtlz1", {"n_variables": 7}, {"n_var": 7, "n_obj": 3}),
    "kursawe": ("kursawe", {}, {}),
    **{
        f"wfg{i}": (f"wfg{i}", {"n_objectives": 3, "n_variables": 24}, {"n_obj": 3, "n_var": 24})
        for i in range(1, 10)
    },
}
"""Our name -> pymoo's name, our options, pymoo's options."""

Timer = Callable[[], object]


def ours(problem: AnalyticProblem, x: torch.Tensor) -> Timer:
    """Return what evaluates values and Jacobian in torch."""
    return lambda: jacobian(problem.objectives, x)


@dataclass(frozen=True)
class Rival:
    """What ours is timed against."""

    problem: AnalyticProblem
    values: Callable[[np.ndarray], np.ndarray]
    gradients: Callable[[np.ndarray], object]
    factor: float
    """How many of these calls values and Jacobian cost."""
    yardstick: str


def rivals() -> dict[str, Rival]:
    """Return every comparison by our name."""
    found: dict[str, Rival] = {}
    for name, (peer, options, kwargs) in PEERS.items():
        found[name] = rival(analytic(name, options), get_problem(peer, **kwargs), "pymoo")
    for name, (formula, options) in PLAIN.items():
        problem = analytic(name, options)
        found[name] = rival(problem, Plain(problem, formula), "plain")
    return found


def analytic(name: str, options: dict[str, object]) -> AnalyticProblem:
    """Return one of our problems."""
    problem = pm.problem(name, **options)
    assert isinstance(problem, AnalyticProblem)
    return problem


def rival(problem: AnalyticProblem, peer: Problem, yardstick: str) -> Rival:
    """Return a pymoo problem as a rival, differentiated by autograd or, where that fails, not at all."""

    def values(x: np.ndarray) -> np.ndarray:
        return peer.evaluate(x, return_values_of=["F"])

    if problem.name.startswith("wfg"):
        n = problem.n_variables
        return Rival(problem, values, values, 1.0 + n, f"{n} + 1 evaluations")
    automatic = AutomaticDifferentiation(peer)
    return Rival(
        problem,
        values,
        lambda x: automatic.evaluate(x, return_values_of=["F", "dF"]),
        1.0,
        yardstick,
    )


def compiled(problem: AnalyticProblem, x: torch.Tensor) -> Timer:
    """Return what evaluates values and Jacobian in one compiled graph."""

    def both(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        f, pull = torch.func.vjp(problem.objectives, x)
        rows = torch.eye(f.shape[-1], dtype=f.dtype).unsqueeze(1).expand(-1, len(f), -1)
        return f, torch.stack([pull(row)[0] for row in rows], 1)

    graph = torch.compile(both, fullgraph=True, dynamic=False)
    graph(x)
    return lambda: graph(x)


def keep_memory() -> None:
    """Tell glibc's allocator to keep freed memory, whatever its size."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        for option in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
            libc.mallopt(option, 2**30)


def points(problem: AnalyticProblem, count: int) -> torch.Tensor:
    """Draw points, uniform in the box that starts are drawn from."""
    low, high = problem.start_box
    generator = torch.Generator().manual_seed(0)
    u = torch.rand(count, problem.n_variables, dtype=torch.float64, generator=generator)
    return low + (high - low) * u


COLUMNS = "| problem | family | n | m | ours, ms | theirs, ms | ratio | weaker | yardstick |"


def report(rows: list[Row], alone: list[str], count: int) -> list[str]:
    """Lay out the table and its summary as Markdown."""
    versions = f"pymoo {pymoo.__version__}, NumPy {np.__version__}"
    versions += f", Python {platform.python_version()}"
    lines = [
        "# Evaluation with gradients: ours against pymoo and autograd",
        "",
        f"Made by `benchmarks/side_by_side/problem_speed.py`: {conditions()}; {versions}; {count} points,",
        "float64, median CPU time of interleaved repetitions. What the yardsticks are: see the script.",
        "",
        COLUMNS,
        "|" + "---|" * 9,
        *(row.line() for row in rows),
        *alone,
        "",
        "| family | geometric mean of ratios | least |",
        "|---|---|---|",
    ]
    families: dict[str, list[float]] = {}
    for row in rows:
        families.setdefault(row.problem.card.family, []).append(row.ratio)
    lines += [
        f"| {family} | {statistics.geometric_mean(found):.1f} | {min(found):.1f} |"
        for family, found in families.items()
    ]
    theirs = [row.ratio for row in rows if row.yardstick != "plain"]
    own = [row.ratio for row in rows if row.yardstick == "pymoo"]
    every, weak = [row.ratio for row in rows], [row.weaker for row in rows]
    for what, found in (
        ("pymoo's own problems", theirs),
        ("pymoo's own problems without WFG, under autograd", own),
        ("all rows", every),
        ("all rows, the weaker yardstick for WFG", weak),
    ):
        if found:
            lines += ["", f"{what}: median {statistics.median(found):.1f}, least {min(found):.1f}."]
    return lines


@dataclass(frozen=True)
class Row:
    """One comparison, times in seconds."""

    problem: AnalyticProblem
    ours: float
    theirs: float
    weaker: float
    yardstick: str

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.theirs / self.ours

    def line(self) -> str:
        """Return the table's row."""
        p = self.problem
        return (
            f"| {p.name} | {p.card.family} | {p.n_variables} | {p.n_objectives} | {self.ours * 1e3:.2f} "
            f"| {self.theirs * 1e3:.2f} | {self.ratio:.1f} | {self.weaker:.1f} | {self.yardstick} |"
        )


def main() -> int:
    """Write the table and return the exit code."""
    parser = argparse.ArgumentParser(description="evaluation with gradients against pymoo's")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compiled", action="store_true", help="time torch.compile, too")
    parser.add_argument("--alone", action="store_true", help="time all other problems, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    warnings.filterwarnings("ignore")  # autograd at the singular points of pymoo's formulas
    rows: list[Row] = []
    for name, rival in rivals().items():
        if arguments.names and name not in arguments.names:
            continue
        problem, x = rival.problem, points(rival.problem, arguments.points)
        given = x.numpy()
        np.testing.assert_allclose(
            problem.objectives(given[:50]), rival.values(given[:50]), rtol=1e-9, atol=1e-9
        )
        sides: dict[str, Timer] = {"ours": ours(problem, x)}
        sides["theirs"] = lambda r=rival, g=given: r.gradients(g)
        if arguments.compiled:
            sides["compiled"] = compiled(problem, x)
        clocks = medians(sides, arguments.repeats).values()
        mine, other, *graph = (clock.cpu for clock in clocks)
        ratio = rival.factor * other / mine
        weaker = ratio if rival.factor == 1 else (1 + problem.n_objectives) * other / mine
        rows.append(Row(problem, mine, rival.factor * other, weaker, rival.yardstick))
        print(rows[-1].line(), *(f"compiled {t * 1e3:.2f} ms" for t in graph), flush=True)
    alone: list[str] = []
    if arguments.alone:
        for name in sorted(set(pm.problems) - {row.problem.name for row in rows}):
            problem = pm.problem(name)
            if isinstance(problem, AnalyticProblem) and problem.card.differentiable:
                mine = medians({name: ours(problem, points(problem, arguments.points))}, 5)[
                    name
                ].cpu
                alone.append(
                    f"| {name} | {problem.card.family} | {problem.n_variables} | "
                    f"{problem.n_objectives} | {mine * 1e3:.2f} | | | | alone |"
                )
                print(alone[-1], flush=True)
    lines = report(rows, alone, arguments.points)
    print("\n".join(lines[-20:]))
    if arguments.out is not None:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ratios = [row.ratio for row in rows]
    own = [row.ratio for row in rows if row.yardstick != "plain"]
    return int(min(ratios) < 1 or statistics.median(own or ratios) < 5)


if __name__ == "__main__":
    sys.exit(main())
