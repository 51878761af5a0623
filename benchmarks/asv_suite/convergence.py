"""How far a method is from the best front after a fixed budget. Lower is better, as asv takes it."""

import math
from statistics import fmean

import torch

import paretomtl as pm

PROBLEMS = ("vlmop2", "zdt1")
METHODS = ("linear", "smooth_tchebycheff", "mgda")
POINTS, STEPS, SEEDS = 32, 300, (0, 1, 2)
FLOOR = 1e-12  # asv reads every change from an exact zero as a regression


def gap(problem: str, method: str, seed: int) -> float:
    """Share of the best hypervolume of this many points that the run's front misses."""
    front = pm.trace(
        problem,
        method,
        preferences=POINTS,
        seeds=[seed],
        budget=pm.Budget(steps=STEPS),
        optimizer="adam",
        lr=0.02,
        device="cpu",
    )
    assert bool(front.ok.all()), f"{method} on {problem}, seed {seed}: some runs did not finish"
    return 1 - front.hypervolume() / front.problem.best_hypervolume(POINTS)


class Convergence:
    """Deterministic up to rounding: a change means that the optimization changed."""

    params = (PROBLEMS, METHODS)
    param_names = ("problem", "method")
    unit = "log10"
    version = "1"
    timeout = 300

    def setup_cache(self) -> dict[tuple[str, str], float]:
        torch.set_num_threads(1)
        return {
            (problem, method): fmean(
                math.log10(max(gap(problem, method, seed), FLOOR)) for seed in SEEDS
            )
            for problem in PROBLEMS
            for method in METHODS
        }

    def track_log10_gap(
        self, gaps: dict[tuple[str, str], float], problem: str, method: str
    ) -> float:
        value = gaps[problem, method]
        assert math.isfinite(value), "asv would take NaN for a benchmark that does not apply"
        return value
