"""Time the evaluation with gradients of 10 000 points against pymoo's own, family by family.

    OMP_NUM_THREADS=1 python benchmarks/problem_speed.py [--points 10000] [--repeats 7] [--json FILE]

Both sides compute values [k, m] and the whole Jacobian [k, m, n] of the same points in float64:
ours by one batched backward pass of torch, pymoo's by its `AutomaticDifferentiation` (autograd),
which makes m backward passes. Repetitions of the two are interleaved and medians are taken, of
CPU time: on one thread that is the time of a machine that does nothing else.

pymoo's WFG problems write into arrays in place and cannot be differentiated by autograd. What is
left to its user are forward differences, n + 1 evaluations: that is the time the table takes. (The
last column gives the ratio to 1 + m evaluations, less than any reverse mode could cost.)
pymoo has no VLMOP, UF, MaF, RE and multi-task toys: `--alone` times those without a comparison.

With glibc, both sides keep freed memory instead of giving it back to the system between calls;
otherwise page faults of the virtual machine are most of what is measured. `--compiled` adds our
time under `torch.compile`, values and Jacobian in one graph (half a minute a problem to compile).

Exits with 1 when a problem is slower than pymoo's or the median is less than 5 times faster.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pymoo.gradient.automatic import AutomaticDifferentiation
from pymoo.problems import get_problem

import paretomtl as pm
from paretomtl.problem import AnalyticProblem
from paretomtl.testing.problems import jacobian

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


def theirs(name: str, kwargs: dict[str, object], x: np.ndarray) -> tuple[Timer, float, str]:
    """Return what evaluates in pymoo, the factor on its time, and how the gradient is had."""
    problem = get_problem(name, **kwargs)
    if name.startswith("wfg"):
        n = problem.n_var
        return lambda: problem.evaluate(x, return_values_of=["F"]), 1.0 + n, f"{1 + n} evaluations"
    automatic = AutomaticDifferentiation(problem)
    return lambda: automatic.evaluate(x, return_values_of=["F", "dF"]), 1.0, "autograd"


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


def medians(calls: list[Timer], repeats: int) -> list[float]:
    """Return each call's median CPU time in seconds, repetitions interleaved."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats + 1):
        for call, record in zip(calls, times, strict=True):
            begin = time.process_time()
            call()
            record.append(time.process_time() - begin)
    return [statistics.median(record[1:]) for record in times]  # the first is a warm-up


def agree(problem: AnalyticProblem, peer: tuple[str, dict[str, object]], x: np.ndarray) -> None:
    """Stop when the two do not compute the same."""
    expected = get_problem(peer[0], **peer[1]).evaluate(x[:50], return_values_of=["F"])
    np.testing.assert_allclose(problem.objectives(x[:50]), expected, rtol=1e-9, atol=1e-9)


def machine() -> str:
    """Name the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description="evaluation with gradients against pymoo's")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compiled", action="store_true", help="time torch.compile, too")
    parser.add_argument("--alone", action="store_true", help="time the problems pymoo lacks, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    warnings.filterwarnings("ignore")  # autograd at the singular points of pymoo's formulas
    print(f"{machine()}, 1 thread, torch {torch.__version__}, {arguments.points} points, float64\n")
    print(f"{'problem':16} {'ours [ms]':>10} {'pymoo [ms]':>11} {'ratio':>7}  pymoo's gradient")
    ratios: dict[str, float] = {}
    fused: list[float] = []
    for name, (peer, options, kwargs) in PEERS.items():
        problem = pm.problem(name, **options)
        assert isinstance(problem, AnalyticProblem)
        lower, upper = problem.bounds
        generator = torch.Generator().manual_seed(0)
        u = torch.rand(
            arguments.points, problem.n_variables, dtype=torch.float64, generator=generator
        )
        x = lower + (upper - lower) * u
        agree(problem, (peer, kwargs), x.numpy())
        call, factor, how = theirs(peer, kwargs, x.numpy())
        calls = [ours(problem, x), call]
        if arguments.compiled:
            calls.append(compiled(problem, x))
        mine, other, *graph = medians(calls, arguments.repeats)
        ratios[name] = other * factor / mine
        if how != "autograd":
            least = (1 + problem.n_objectives) * other / mine
            how += f" (1 + m evaluations: {least:.1f})"
        if graph:
            fused.append(other * factor / graph[0])
            how += f"; compiled {graph[0] * 1e3:.2f} ms, {fused[-1]:.1f}"
        print(
            f"{name:16} {mine * 1e3:10.2f} {other * factor * 1e3:11.2f} {ratios[name]:7.1f}  {how}"
        )
    families: dict[str, list[float]] = {}
    for name, ratio in ratios.items():
        families.setdefault(pm.problems[name].card.family, []).append(ratio)
    print()
    means = {family: statistics.geometric_mean(values) for family, values in families.items()}
    for family, mean in means.items():
        print(f"{family:16} geometric mean {mean:.1f}, least {min(families[family]):.1f}")
    median = statistics.median(ratios.values())
    print(f"median over problems {median:.1f}, slowest {min(ratios.values()):.1f}")
    if fused:
        print(f"compiled: median {statistics.median(fused):.1f}, slowest {min(fused):.1f}")
    if arguments.alone:
        for name in sorted(set(pm.problems) - set(PEERS)):
            problem = pm.problem(name)
            if isinstance(problem, AnalyticProblem) and problem.card.differentiable:
                low, high = problem.start_box
                u = torch.rand(arguments.points, problem.n_variables, dtype=torch.float64)
                (mine,) = medians([ours(problem, low + (high - low) * u)], arguments.repeats)
                print(f"{name:16} {mine * 1e3:10.2f}           -       -  not in pymoo")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(ratios, indent=1), encoding="utf-8")
    return int(min(ratios.values()) < 1 or median < 5)


if __name__ == "__main__":
    sys.exit(main())
