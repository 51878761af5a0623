"""Optimized clouds against the equations of fronts: what the samples of a front could hide.

`benchmarks/references/front_attack.py` does the same with 1000 lanes and 5000 steps.
"""

import csv
import importlib.util
from pathlib import Path

import pytest
import torch

import paretomtl as pm
from paretomtl.problems.base import AnalyticProblem
from paretomtl.testing.problems.front_attack import attack, margins, spans

PATH = Path(__file__).parents[2] / "benchmarks" / "references" / "exact_margins.py"
spec = importlib.util.spec_from_file_location("exact_margins", PATH)
assert spec is not None
assert spec.loader is not None
exact = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exact)

CASES = [
    *[
        (f"dtlz{i}", {"n_objectives": m})
        for i in range(1, 8)
        for m in (3, 4)
        if m == 3 or i not in (5, 6)
    ],
    *[
        (name, {"n_objectives": 3})
        for name in (
            "inverted_dtlz1",
            "inverted_dtlz2",
            "convex_dtlz2",
            "convex_dtlz4",
            "scaled_dtlz1",
            "scaled_dtlz2",
        )
    ],
    ("gradient_triple", {}),
    ("fonseca_fleming", {"n_objectives": 3, "n_variables": 4}),
    ("quadratic", {"n_objectives": 3}),
    ("quadratic", {"n_objectives": 3, "curvature": 10.0, "scale": 10.0, "conflict": 0.7}),
    ("quadratic", {"n_objectives": 4}),
    *[("rank_one", {"correlation": c}) for c in (0.0, 0.3, -0.2, -0.4)],
    *[(name, {}) for name in ("uf8", "uf9", "uf10", "maf1", "maf2", "maf4", "maf8")],
    ("maf2", {"n_objectives": 4}),
    *[(f"wfg{i}", {"n_objectives": 3}) for i in (1, 2, 4, 5, 6, 7, 8, 9)],
]

TRAPS = (
    {"dtlz1", "dtlz3", "inverted_dtlz1", "scaled_dtlz1", "maf4", "uf8", "uf9", "uf10"}
    | {f"wfg{i}" for i in range(1, 10)}
    | {"maf8"}  # starts are thousands of diameters away from the polygon
)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_no_lane_gets_past_the_equation_of_the_front(name, options):
    problem = pm.problem(name, **options)
    cloud = attack(problem, lanes=64, steps=150, keep=10)
    found = exact.exact_margins(problem, cloud)
    assert float(found.max()) <= 1e-6
    if name not in TRAPS:  # these stop at local fronts; test_pareto_sets.py starts beside the front
        assert float(found.max()) > -0.02  # the attack does arrive


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_sampled_fronts_satisfy_the_equation(name, options):
    """Both ways: front points are neither past the front nor behind it."""
    problem = pm.problem(name, **options)
    found = exact.exact_margins(problem, problem.front(200))
    assert float(found.abs().max()) < (3e-8 if name == "maf8" else 1e-8)  # squares of distances


@pytest.mark.parametrize(
    "name",
    [
        "zdt1",
        "zdt2",
        "zdt3",
        "zdt6",
        "vlmop2",
        "cqf",
        *[pytest.param(slow, marks=pytest.mark.slow) for slow in ("kursawe", "poloni")],
        "cagrad_toy",
    ],
)
def test_no_lane_gets_past_a_curve(name):
    problem = pm.problem(name)
    cloud = attack(problem, lanes=64, steps=200, keep=10)
    found = margins(cloud, problem.front(300_000), spans(problem))
    assert float(found.max()) <= 1e-6
    assert float(found.max()) > -0.01


def test_margins_of_two_objectives_equal_the_plain_search():
    front = pm.problem("zdt3").front(500)
    cloud = front[::7] + 0.2 * torch.rand(72, 2, dtype=torch.float64) - 0.1
    span = torch.tensor([0.5, 2.0], dtype=torch.float64)
    plain = ((front - cloud[:, None]) / span).amin(-1).amax(-1)
    torch.testing.assert_close(margins(cloud, front, span), plain)
    poisoned = cloud.clone()
    poisoned[3, 0] = torch.nan
    assert margins(poisoned, front, span)[3] == -torch.inf


def test_the_table_of_the_full_attack_covers_every_stated_front():
    """1000 lanes and 5000 steps each: `benchmarks/references/front_attack.py` made it."""
    table = (PATH.parent / "front_attack.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(table))
    assert all(float(row["past the front"]) <= 1e-6 for row in rows)
    attacked = {row["problem"] for row in rows}
    for name in pm.problems:
        problem = pm.problem(name)
        if isinstance(problem, AnalyticProblem) and problem.card.differentiable:
            assert name in attacked
