"""The knobs of the quadratic family do what they say, and its front is exact for every setting."""

import moocore
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.testing.problems.evaluation import jacobian

F64 = torch.float64


@given(
    m=st.integers(2, 5),
    extra=st.integers(1, 6),
    conflict=st.floats(0.05, 1.0),
    curvature=st.sampled_from([0.0, 0.3, 5.0, 50.0]),
    condition=st.sampled_from([1.0, 10.0, 1e4]),
    scale=st.sampled_from([1.0, 100.0, 0.01]),
)
@settings(max_examples=40)
def test_the_knobs(m, extra, conflict, curvature, condition, scale):
    problem = pm.problem(
        "quadratic",
        n_objectives=m,
        n_variables=m + extra,
        conflict=conflict,
        curvature=curvature,
        condition=condition,
        scale=scale,
    )
    slopes = jacobian(problem.objectives, torch.zeros(1, m + extra, dtype=F64))[0]
    unit = slopes / slopes.norm(dim=-1, keepdim=True)
    cosines = (unit @ unit.T)[~torch.eye(m, dtype=torch.bool)]
    expected = 1 - conflict * m / (m - 1)
    torch.testing.assert_close(cosines, torch.full_like(cosines, expected), rtol=0, atol=1e-9)
    lengths = slopes.norm(dim=-1)
    assert float(lengths[-1] / lengths[0]) == pytest.approx(scale)
    spectrum = torch.linalg.eigvalsh(problem.hessian)
    assert float(spectrum[-1] / spectrum[0]) == pytest.approx(condition)
    at_minimizers = problem.objectives(problem.minimizers)
    torch.testing.assert_close(
        at_minimizers.diagonal(), torch.zeros(m, dtype=F64), rtol=0, atol=1e-9 * max(1, scale)
    )
    torch.testing.assert_close(at_minimizers.amax(0), problem.nadir, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 5])
def test_stated_front_points_are_attained_and_stationary(m):
    """Points of the minimizers' simplex attain `on_front`, and no direction betters all tasks."""
    problem = pm.problem("quadratic", n_objectives=m, curvature=4.0, condition=50.0, scale=10.0)
    weights = -torch.rand(50, m, dtype=F64, generator=torch.Generator().manual_seed(0)).log()
    weights = weights / weights.sum(-1, keepdim=True)
    x = weights @ problem.minimizers
    torch.testing.assert_close(
        problem.objectives(x), problem.on_front(weights), rtol=1e-10, atol=1e-12
    )
    slopes = jacobian(problem.objectives, x)
    # gradient i is a positive multiple of H (x - c_i); the weights make those cancel
    pulls = (x.unsqueeze(1) - problem.minimizers) @ problem.hessian
    factors = (slopes * pulls).sum(-1) / pulls.square().sum(-1)
    assert bool((factors > 0).all())
    combined = ((weights / factors).unsqueeze(-1) * slopes).sum(1)
    assert float(combined.abs().max()) < 1e-10


def test_the_front_does_not_depend_on_condition():
    fronts = [pm.problem("quadratic", condition=c).front(20) for c in (1.0, 1e3)]
    torch.testing.assert_close(*fronts)


@pytest.mark.parametrize("conflict", [1.0, 0.4])
def test_the_middle_turns_concave_at_the_stated_curvature(conflict):
    """At `curvature |c1 - c2|^2 = 4` the balanced point stops minimizing the plain sum."""
    side = 4 * conflict  # squared distance of two unit vectors with cosine 1 - 2 conflict
    for factor, supported in ((0.98, True), (1.02, False)):
        problem = pm.problem("quadratic", conflict=conflict, curvature=factor * 4 / side)
        near = torch.tensor([0.5, 0.5 + 1e-3], dtype=F64)
        total = problem.curve.point(near).sum(-1)
        assert bool(total[1] > total[0]) is supported


def test_no_conflict_leaves_one_point():
    problem = pm.problem("quadratic", conflict=0.0, scale=4.0)
    assert problem.ideal.tolist() == problem.nadir.tolist() == [0.0, 0.0]
    assert problem.reference_point.tolist() == [1.0, 4.0]
    assert problem.best_hypervolume() == pytest.approx(4.0)


@pytest.mark.parametrize(
    "options",
    [
        {"n_objectives": 3},
        {"n_objectives": 3, "curvature": 20.0, "scale": 10.0},
        {"n_objectives": 4},
    ],
)
def test_sampled_fronts_converge_to_the_volume_from_below(options):
    problem = pm.problem("quadratic", **options)
    best, r = problem.best_hypervolume(), problem.reference_point.numpy()
    gaps = [best - moocore.hypervolume(problem.front(n).numpy(), ref=r) for n in (100, 400, 3000)]
    assert gaps[0] > gaps[1] > gaps[2] > 0
    assert gaps[2] < (0.03 if problem.n_objectives == 3 else 0.08) * best


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"n_objectives": 1}, "n_objectives"),
        ({"n_objectives": 3, "n_variables": 2}, "n_variables"),
        ({"conflict": 1.5}, "conflict"),
        ({"curvature": -1.0}, "curvature"),
        ({"condition": 0.5}, "condition"),
        ({"scale": 0.0}, "scale"),
        ({"scale": float("inf")}, "scale"),
        ({"n_variables": 2, "condition": 10.0}, "n_variables"),
        ({"n_variables": 2.5}, "n_variables"),
    ],
)
def test_bad_options(options, what):
    with pytest.raises(BadInput, match=what):
        pm.problem("quadratic", **options)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_without_conflict_the_front_is_one_point(m):
    """A surface without area: sampling by area once never ended for three and more tasks."""
    problem = pm.problem("quadratic", n_objectives=m, conflict=0.0, scale=10.0)
    assert torch.equal(problem.front(7), torch.zeros(7, m, dtype=torch.float64))
    assert problem.best_hypervolume() == pytest.approx(float(problem.reference_point.prod()))


@pytest.mark.parametrize("curvature", [1e3, 1e6])
def test_extreme_curvature_keeps_front_and_hypervolume(curvature):
    problem = pm.problem("quadratic", n_objectives=3, curvature=curvature)
    front = problem.front(400)
    assert len(front) == 400
    share = pm.hypervolume(front, problem.reference_point) / problem.best_hypervolume()
    assert 0.8 < share <= 1.0
