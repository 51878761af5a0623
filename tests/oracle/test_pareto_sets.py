"""Stated fronts are attained: Pareto sets from the papers map onto them, not behind and not past them.

A front that is stated too good would pass every attack; these points, found without the front, must
lie on it. `benchmarks/references/front_attack.py` starts half of its lanes beside them.
"""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

import paretomtl as pm
from paretomtl.testing.problems.front_attack import attack, margins, spans

REFERENCES = Path(__file__).parents[2] / "benchmarks" / "references"


def load(name):
    spec = importlib.util.spec_from_file_location(name, REFERENCES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    spec.loader.exec_module(module)
    return module


sets, exact = load("pareto_sets"), load("exact_margins")

GAPS = {"zdt3", "dtlz7", "wfg2", "uf6", "uf9"}
"""Fronts with gaps: some images lie in them, dominated."""

CASES = [
    *[(f"zdt{i}", {}) for i in (1, 2, 3, 4, 6)],
    *[(f"dtlz{i}", {"n_objectives": m}) for i in range(1, 8) for m in (2, 3)],
    *[(f"wfg{i}", {"n_objectives": m}) for i in range(1, 10) for m in (2, 3)],
    *[(f"uf{i}", {}) for i in range(1, 11)],
    *[
        (name, {})
        for name in (
            "convex_dtlz2",
            "convex_dtlz4",
            "inverted_dtlz1",
            "inverted_dtlz2",
            "scaled_dtlz1",
            "scaled_dtlz2",
            "maf1",
            "maf2",
            "maf4",
        )
    ],
]


def measured(problem, cloud):
    """Margins by the front's equation, else by many points of it; and how exactly they are known."""
    if problem.n_objectives > 2:
        found = exact.exact_margins(problem, cloud)
        if found is not None:
            return found, 2e-7
        return margins(cloud, problem.front(5000), spans(problem)), 0.05
    return margins(cloud, problem.front(200_000), spans(problem)), 1e-5


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_pareto_sets_map_onto_the_stated_front(name, options):
    problem = pm.problem(name, **options)
    points = sets.pareto_points(problem, 300, torch.Generator().manual_seed(0))
    assert bool(problem.inside(points).all())
    found, slack = measured(problem, problem.objectives(points))
    assert float(found.max()) <= 1e-9
    assert float(found.max()) > -slack
    if name not in GAPS:
        assert float(found.min()) > -slack


@pytest.mark.parametrize("name", ["zdt4", "dtlz1", "dtlz3", "wfg5", "wfg9", "uf5", "uf6", "maf4"])
def test_beside_the_pareto_set_no_trap_protects_the_front(name):
    """Lanes start where local fronts do not stop them: they arrive, and nothing gets past."""
    problem = pm.problem(name)
    generator = torch.Generator().manual_seed(1)
    near = sets.pareto_points(problem, 48, generator)
    lower, upper = problem.bounds
    noise = torch.randn(near.shape, dtype=torch.float64, generator=generator)
    near = (near + 1e-4 * noise * (upper - lower)).clamp(lower, upper)
    cloud = attack(problem, lanes=48, steps=200, starts=near, rates=1e-4)
    found, _ = measured(problem, cloud)
    assert float(found.max()) <= 1e-6
    assert float(found.max()) > -1e-3
