"""ZDT, DTLZ, VLMOP and Kursawe against values made with independent software and exact front volumes."""

import json
from pathlib import Path

import moocore
import pytest
import torch

import paretomtl as pm

ROOT = Path(__file__).parents[2]
STORED = json.loads((ROOT / "tests" / "golden" / "problems.json").read_text("utf-8"))
FULL = ROOT.parent / "shared" / "golden" / "problems.json"
OURS = ("zdt", "dtlz", "convex_dtlz2", "sdtlz1", "kursawe", "vlmop")
NAMES = {"dtlz1^-1": "inverted_dtlz1", "sdtlz1": "scaled_dtlz1", "zdt5_raw": "zdt5"}


def cases(kind):
    full = json.loads(FULL.read_text("utf-8"))[kind] if FULL.exists() else []
    return STORED[kind] + [case for case in full if case["problem"].lower().startswith(OURS)]


def build(case, m, n=None):
    label = case["problem"].lower()
    name = NAMES.get(label, label)
    known = pm.problems.options(name)
    given = {
        "n_objectives": m,
        "n_variables": n,
        "normalize": label != "zdt5_raw" and case.get("kwargs", {}).get("normalize", True),
    }
    return pm.problem(name, **{k: v for k, v in given.items() if k in known and v is not None})


@pytest.mark.parametrize("case", cases("evaluations"), ids=lambda c: f"{c['problem']}-{c['n_obj']}")
def test_evaluations_and_bounds(case):
    problem = build(case, case["n_obj"], case["n_var"])
    x, f, lower, upper = (
        torch.tensor(case[key], dtype=torch.float64) for key in ("X", "F", "xl", "xu")
    )
    torch.testing.assert_close(problem.objectives(x), f, rtol=1e-10, atol=1e-10)
    assert torch.equal(torch.stack(problem.bounds), torch.stack((lower, upper)))


@pytest.mark.parametrize(
    "case",
    cases("fronts"),
    ids=lambda c: f"{c['problem']}-{len(c['ref_point'])}-{c['ref_point'][0]:g}",
)
def test_exact_hypervolume_ideal_and_nadir(case):
    reference = torch.tensor(case["ref_point"], dtype=torch.float64)
    problem = build(case, len(reference))
    best = problem.best_hypervolume(reference_point=reference)
    assert best == pytest.approx(case["hv"], rel=1e-12)
    torch.testing.assert_close(
        problem.ideal, torch.tensor(case["ideal"], dtype=torch.float64), rtol=0, atol=1e-12
    )
    torch.testing.assert_close(
        problem.nadir, torch.tensor(case["nadir"], dtype=torch.float64), rtol=0, atol=1e-12
    )


SIZES = {2: (100, 2500), 3: (100, 1500), 4: (60, 600), 5: (50, 200), 6: (40, 120)}
"""Points that the convergence is tried with, by the number of objectives."""


@pytest.mark.parametrize(
    "case",
    cases("fronts"),
    ids=lambda c: f"{c['problem']}-{len(c['ref_point'])}-{c['ref_point'][0]:g}",
)
def test_sampled_fronts_converge_to_it_from_below(case):
    """The hypervolume of `front(n)` stays below the exact one and comes closer with n."""
    reference = torch.tensor(case["ref_point"], dtype=torch.float64)
    m = len(reference)
    problem = build(case, m)
    gaps = []
    for n in SIZES[m]:
        front = problem.front(n)
        assert bool(front.isfinite().all())
        assert len(front) == min(n, 31 if problem.name == "zdt5" else n)
        gaps.append(case["hv"] - moocore.hypervolume(front.numpy(), ref=reference.numpy()))
    assert gaps[1] >= -1e-12 * case["hv"]
    assert gaps[1] <= max((0.5 if m <= 4 else 0.9) * gaps[0], 1e-12)
    assert gaps[1] < (0.15 if m <= 4 else 0.5) * case["hv"]
