"""Values against pymoo on random points, wherever it has the problem. Its fronts are never asked for."""

import numpy as np
import pytest
import torch
from pymoo.problems import get_problem

import paretomtl as pm

CASES = [
    *[
        (f"zdt{i}", f"zdt{i}", {"n_variables": n}, {"n_var": n})
        for i in (1, 2, 3, 4, 6)
        for n in (2, 11)
    ],
    ("zdt5", "zdt5", {}, {}),
    ("zdt5", "zdt5", {"normalize": False, "n_variables": 45}, {"normalize": False, "m": 4}),
    ("kursawe", "kursawe", {}, {}),
    *[
        (f"dtlz{i}", f"dtlz{i}", {"n_objectives": m, "n_variables": n}, {"n_obj": m, "n_var": n})
        for i in range(1, 8)
        for m, n in ((2, 2), (3, 12), (6, 9))
    ],
    *[
        (ours, theirs, {"n_objectives": m, "n_variables": 9}, {"n_obj": m, "n_var": 9})
        for ours, theirs in (
            ("inverted_dtlz1", "dtlz1^-1"),
            ("convex_dtlz2", "convex_dtlz2"),
            ("convex_dtlz4", "convex_dtlz4"),
            ("scaled_dtlz1", "sdtlz1"),
        )
        for m in (2, 3, 5)
    ],
]


@pytest.mark.parametrize(
    ("ours", "theirs", "options", "kwargs"), CASES, ids=lambda v: v if isinstance(v, str) else None
)
def test_values_equal_pymoos(ours, theirs, options, kwargs):
    problem, peer = pm.problem(ours, **options), get_problem(theirs, **kwargs)
    rng = np.random.default_rng(0)
    lower, upper = (bound.numpy() for bound in problem.bounds)
    x = rng.uniform(lower, upper, (200, problem.n_variables))
    if ours == "zdt5":
        x = np.round(x)
    expected = peer.evaluate(x, return_values_of=["F"])
    np.testing.assert_allclose(problem.objectives(x), expected, rtol=1e-10, atol=1e-10)
    assert torch.equal(torch.tensor(problem.objectives(x)), problem.objectives(torch.tensor(x)))
    assert np.array_equal(lower, np.broadcast_to(peer.xl, lower.shape))
    assert np.array_equal(upper, np.broadcast_to(peer.xu, upper.shape))


def test_every_shared_name_is_compared():
    """A problem that pymoo has under our name and that this file forgets is an error."""
    compared = {ours for ours, *_ in CASES}
    shared = {
        name
        for name in pm.problems
        if name.startswith(("zdt", "dtlz", "kursawe", "convex_dtlz")) and _pymoo_has(name)
    }
    assert shared <= compared


def _pymoo_has(name):
    try:
        get_problem(name)
    except Exception:  # noqa: BLE001 - pymoo raises a bare Exception for a name it does not know
        return False
    return True
