"""WFG and RE against values made with independent software, and exact hypervolumes of WFG fronts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from paretomtl_problems.analytic.re.many import RE91, car_cab
from scipy.optimize import least_squares

import paretomtl as pm

ROOT = Path(__file__).parents[2]
STORED = json.loads((ROOT / "tests" / "golden" / "problems_wfg_re.json").read_text("utf-8"))
FULL = ROOT.parent / "shared" / "golden" / "problems.json"


def evaluations():
    found = json.loads(FULL.read_text("utf-8"))["evaluations"] if FULL.exists() else []
    mine = [v for v in found if v["problem"].lower().startswith(("wfg", "re"))]
    return STORED["evaluations"] + mine


def build(case):
    name = case["problem"].lower()
    options = {}
    if name.startswith("wfg"):
        options = {"n_variables": case["n_var"], "n_objectives": case["n_obj"]}
    return pm.problem(name, **options)


def tensors(case, *keys):
    return [torch.tensor(case[key], dtype=torch.float64) for key in keys]


@pytest.mark.parametrize("case", evaluations(), ids=lambda v: f"{v['problem']}-{v['n_obj']}")
def test_evaluations_and_bounds(case):
    problem = build(case)
    x, f, lower, upper = tensors(case, "X", "F", "xl", "xu")
    found = problem.objectives(x)
    if case["problem"] == "RE91":  # random in the source but for the weight: see below
        found, f = found[:, :1], f[:, :1]
    torch.testing.assert_close(found, f, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(problem.bounds[0], lower, rtol=1e-12, atol=0)
    torch.testing.assert_close(problem.bounds[1], upper, rtol=1e-12, atol=0)


def test_re91_has_the_values_that_its_source_draws_for_some_parameters():
    """Eight random responses depend on four drawn numbers: solve for these, and all eight must fit."""
    (case,) = (v for v in STORED["evaluations"] if v["problem"] == "RE91")
    mean = np.array(RE91.parameter_means)
    spread = np.array([0.006, 0.006, 10.0, 10.0])

    def miss(z, x, f):
        return (car_cab(x, torch.from_numpy(mean + spread * z)) - f)[1:].numpy()

    for x, f in zip(*tensors(case, "X", "F"), strict=True):
        starts = np.random.default_rng(0).normal(size=(8, 4))
        fits = [
            least_squares(miss, z, args=(x, f), xtol=1e-15, ftol=1e-15, gtol=1e-15) for z in starts
        ]
        best = min(fits, key=lambda fit: fit.cost)
        assert np.abs(miss(best.x, x, f)).max() < 1e-12
        assert np.abs(best.x).max() < 5  # plausible draws of standard normals


def test_re91_is_deterministic_at_the_means():
    problem = pm.problem("re91")
    x = torch.full((3, 7), 1.0, dtype=torch.float64)
    assert torch.equal(problem.objectives(x), problem.objectives(x))
    means = torch.tensor([0.345, 0.192, 0.0, 0.0], dtype=torch.float64)
    assert torch.equal(problem.objectives(x), car_cab(x, means))


@pytest.mark.parametrize(
    "case",
    # RE91's published ideal is that of random responses.
    [v for v in STORED["evaluations"] if "ideal" in v and v["problem"] != "RE91"],
    ids=lambda v: v["problem"],
)
def test_the_stored_fronts_reach_the_published_ideal_points(case):
    problem = build(case)
    (published,) = tensors(case, "ideal")
    gap = (problem.ideal - published) / (problem.nadir - problem.ideal)
    assert gap.amax() < 1e-5


# m = 2: WFG1 and WFG2 by high-precision quadrature, WFG3 and WFG4 exact.
EXACT = {
    ("wfg1", 2): 6.785722485153534581056923,
    ("wfg2", 2): 6.151117887253320924966867,
    ("wfg3", 2): 5.68,
    ("wfg4", 2): 3.396814692820413523074713,
    ("wfg5", 3): 38.75525877128165409229885,
    ("wfg6", 4): 443.7791471869276965739861,
    ("wfg9", 6): 77912.77767836402157894284,
}


@pytest.mark.parametrize(("case", "value"), EXACT.items(), ids=str)
def test_exact_hypervolumes(case, value):
    name, m = case
    assert pm.problem(name, n_objectives=m).best_hypervolume() == pytest.approx(value, rel=1e-12)


@pytest.mark.skipif(not FULL.exists(), reason="the full reference values are not here")
def test_all_exact_hypervolumes_of_the_full_reference():
    for case in json.loads(FULL.read_text("utf-8"))["fronts"]:
        if case["problem"].startswith("WFG"):
            (r,) = tensors(case, "ref_point")
            problem = pm.problem(case["problem"].lower(), n_objectives=len(r))
            found = problem.best_hypervolume(reference_point=r)
            assert found == pytest.approx(case["hv"], rel=1e-12)
            assert torch.equal(problem.ideal, tensors(case, "ideal")[0])
            assert torch.equal(problem.nadir, tensors(case, "nadir")[0])


@pytest.mark.parametrize(
    ("name", "m"), [("wfg1", 2), ("wfg2", 2), ("wfg3", 2), ("wfg4", 2), ("wfg4", 3)]
)
def test_sampled_fronts_converge_to_the_exact_hypervolume_from_below(name, m):
    problem = pm.problem(name, n_objectives=m)
    best = problem.best_hypervolume()
    gaps = [
        1 - pm.hypervolume(problem.front(n), problem.reference_point) / best
        for n in (50, 500, 5000)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert 0 < gaps[-1] < (2e-4 if m == 2 else 0.02)


@pytest.mark.parametrize("name", ["wfg4", "wfg5", "wfg6", "wfg7", "wfg8", "wfg9"])
@pytest.mark.parametrize("m", [2, 3, 4, 5, 6])
def test_every_concave_front_converges_from_below(name, m):
    problem = pm.problem(name, n_objectives=m)
    best = problem.best_hypervolume()
    few, many = {2: (50, 500), 3: (50, 500), 4: (50, 400), 5: (40, 150), 6: (30, 90)}[m]
    gaps = [
        1 - pm.hypervolume(problem.front(n), problem.reference_point) / best for n in (few, many)
    ]
    assert 0 < gaps[1] < gaps[0]
