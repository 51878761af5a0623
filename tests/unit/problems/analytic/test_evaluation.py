"""Singular gradients, points outside the box, and bad input."""

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.problems.base import AnalyticProblem
from paretomtl.testing.problems.evaluation import jacobian

F64 = torch.float64
ANALYTIC = [name for name in pm.problems if issubclass(pm.problems[name], AnalyticProblem)]


def vec(*values):
    return torch.tensor(values, dtype=F64)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("name", "options", "x", "value"),
    [
        ("zdt1", {"n_variables": 3}, [0, 0, 0], [0, 1]),
        ("zdt1", {"n_variables": 3}, [0, 1, 1], [0, 10]),
        ("zdt3", {"n_variables": 3}, [0, 0, 0], [0, 1]),
        ("zdt4", {"n_variables": 3}, [0, 0, 0], [0, 1]),
        ("zdt6", {"n_variables": 3}, [0, 0, 0], [1, 0]),
        ("zdt6", {"n_variables": 3}, [0.5, 0, 0], [1, 0]),
        ("dtlz6", {"n_variables": 4}, [0, 0, 0, 0], [0.5**0.5, 0.5**0.5, 0]),
        ("dtlz6", {"n_variables": 4}, [1, 1, 0, 1], None),
        ("dtlz4", {"n_variables": 4}, [0, 0, 0.5, 0.5], [1, 0, 0]),
        ("kursawe", {}, [0, 0, 0], [-20, 0]),
        ("kursawe", {}, [0, -1, 0], None),
        ("rank_one", {"n_variables": 3}, [0, 0, 0], [1, 1, 1]),
        ("cagrad_toy", {}, [0, 0], [0, 0]),
        ("cagrad_toy", {}, [-7.0, 0.0], [0, 0]),
    ],
)
def test_singular_points_have_the_exact_value_and_a_finite_gradient(name, options, x, value, dtype):
    problem = pm.problem(name, **options)
    point = torch.tensor([x], dtype=dtype)
    slopes = jacobian(problem.objectives, point)
    assert bool(slopes.isfinite().all())
    if value is not None:
        expected = torch.tensor([value], dtype=dtype)
        atol = 1e-12 if dtype == F64 else 2e-6
        torch.testing.assert_close(problem.objectives(point), expected, rtol=0, atol=atol)


def test_the_floored_slope_has_the_right_sign_and_size():
    """At x1 = 0 of ZDT1 the slope of f2 is that at f1 / g = 1e-16; above it is the formula's."""
    problem = pm.problem("zdt1", n_variables=3)
    x = torch.tensor([[0.0, 0, 0], [1e-16, 0, 0], [1e-6, 0, 0], [0.25, 0, 0]], dtype=F64)
    slopes = jacobian(problem.objectives, x)[:, 1, 0]
    torch.testing.assert_close(slopes, vec(-5e7, -5e7, -500.0, -1.0))


def test_values_next_to_a_singular_point_are_exact():
    """Only gradients are floored: values follow the formula to the last distance."""
    tiny = vec(0.0, 1e-300, 1e-20, 1e-13, 1e-5)
    zdt6 = pm.problem("zdt6", n_variables=2)
    f = zdt6.objectives(torch.stack((torch.full_like(tiny, 0.3), tiny), -1))
    g = 1 + 9 * tiny.pow(0.25)
    torch.testing.assert_close(f[:, 1], g - f[:, 0].square() / g, rtol=1e-14, atol=0)
    dtlz6 = pm.problem("dtlz6", n_objectives=2, n_variables=2)
    f = dtlz6.objectives(torch.stack((torch.zeros_like(tiny), tiny), -1))
    torch.testing.assert_close(f[:, 0], 1 + tiny.pow(0.1), rtol=1e-14, atol=0)
    kursawe = pm.problem("kursawe", n_variables=2)
    f = kursawe.objectives(torch.stack((torch.zeros_like(tiny), tiny), -1))
    torch.testing.assert_close(f[:, 1], tiny.pow(0.8) + 5 * tiny.pow(3).sin(), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ["zdt1", "zdt3", "zdt4", "zdt6", "dtlz6", "kursawe", "dtlz4"])
def test_projected_descent_into_the_corners_never_turns_to_nan(name):
    """Plain projected gradient steps that run into the bounds, in both precisions."""
    problem = pm.problem(name)
    for dtype in (torch.float64, torch.float32):
        low, high = (bound.to(dtype) for bound in problem.bounds)
        for objective in range(problem.n_objectives):
            x = torch.stack([problem.start(torch.Generator().manual_seed(k)) for k in range(4)]).to(
                dtype
            )
            for _ in range(40):
                slope = jacobian(problem.objectives, x)[:, objective]
                assert bool(slope.isfinite().all())
                x = (x - 0.5 * slope).clamp(low, high)
            assert bool(problem.objectives(x).isfinite().all())


@pytest.mark.parametrize("name", ["zdt1", "dtlz2", "vlmop2", "kursawe", "poloni"])
def test_points_outside_the_box_are_evaluated_and_flagged(name):
    problem = pm.problem(name)
    lower, upper = problem.bounds
    x = torch.stack((upper + 1, 0.5 * (lower + upper), upper, upper + 1e-9))
    assert bool(problem.objectives(x).isfinite().all())
    assert problem.inside(x).tolist() == [False, True, True, False]
    assert problem.inside(x.numpy()).tolist() == [False, True, True, False]
    assert not bool(problem.inside(x[1] * torch.nan))


def test_nothing_is_outside_an_unbounded_problem():
    assert bool(pm.problem("quadratic").inside(torch.full((10,), 1e300, dtype=F64)))


def test_below_the_root_the_value_is_not_a_number():
    f = pm.problem("zdt1", n_variables=2).objectives(vec(-0.1, 0.5))
    assert f[0] == -0.1
    assert bool(f[1].isnan())


@pytest.mark.parametrize("name", ANALYTIC)
def test_what_is_no_point_is_refused_by_name(name):
    problem = pm.problem(name)
    n = problem.n_variables
    for bad in (
        torch.zeros(3, n + 1, dtype=F64),
        torch.zeros(n - 1, dtype=F64) if n > 1 else torch.zeros(0, dtype=F64),
        torch.zeros(n, dtype=torch.int64),
        torch.tensor(0.0),
    ):
        with pytest.raises(BadInput, match=rf"'{name}' takes points of {n} floating"):
            problem.objectives(bad)
    with pytest.raises(BadInput, match="list"):
        problem.objectives([0.0] * n)


@pytest.mark.parametrize("name", ["zdt1", "dtlz7", "quadratic"])
def test_arrays_come_back_as_arrays(name):
    problem = pm.problem(name)
    x = np.full((4, problem.n_variables), 0.25)
    x.setflags(write=False)
    f = problem.objectives(x)
    assert isinstance(f, np.ndarray)
    assert f.dtype == np.float64
    assert problem.objectives(x.astype(np.float32)).dtype == np.float32
    with pytest.raises(BadInput, match="int64"):
        problem.objectives(np.zeros(problem.n_variables, dtype=np.int64))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "zdt1",
            {"n_variables": 1},
            "'zdt1' needs `n_variables` as a whole number, at least 2; found 1",
        ),
        ("zdt1", {"n_variables": 3.0}, "whole number"),
        ("zdt1", {"n_variables": True}, "whole number"),
        ("zdt5", {"n_variables": 42}, "multiple of 5"),
        ("dtlz2", {"n_objectives": 1}, "at least 2"),
        (
            "dtlz2",
            {"n_objectives": 5, "n_variables": 4},
            "`n_variables` as a whole number, at least 5",
        ),
        ("dtlz4", {"alpha": 0.5}, "alpha"),
        ("scaled_dtlz1", {"scale_factor": 0.0}, "scale_factor"),
        ("fonseca_fleming", {"n_objectives": 4}, "2 to 3"),
        ("fonseca_fleming", {"n_objectives": 3, "n_variables": 3}, "even"),
        ("kursawe", {"n_variables": 1}, "at least 2"),
        ("cagrad_toy", {"setting": "pmtl"}, "cagrad, nash_mtl, famo"),
        ("ill_scaled_pair", {"scale": 2.0}, "scale"),
        ("vlmop2", {"n_variables": 0}, "at least 1"),
        ("zdt1", {"n_variable": 3}, "Did you mean 'n_variables'"),
    ],
)
def test_options_outside_the_definition(name, options, message):
    with pytest.raises(BadInput, match=message):
        pm.problem(name, **options)


def test_defaults_follow_from_the_number_of_objectives():
    sizes = {"dtlz1": 8, "dtlz2": 13, "dtlz7": 23, "scaled_dtlz1": 8, "inverted_dtlz2": 13}
    for name, n in sizes.items():
        assert pm.problem(name, n_objectives=4).n_variables == n


@pytest.mark.parametrize("name", ["dtlz5", "dtlz6"])
def test_an_unknown_front_is_said_to_be_unknown(name):
    """For four objectives the degenerate curve of the paper is not the front."""
    problem = pm.problem(name, n_objectives=4, n_variables=6)
    with pytest.raises(NoKnownFront, match="2 and 3"):
        problem.front(10)
    with pytest.raises(NoKnownFront, match="2 and 3"):
        problem.best_hypervolume()
    c = 0.5  # the curve's point at theta_1 = 0 is (1/2, 1/2, 1/sqrt 2, 0): this one is below it in f2
    x = vec(0, 1, 0, 1, 1, 1)
    f = problem.objectives(x)
    assert not bool((vec(c, c, 0.5**0.5, 0.0) <= f).all())


def test_the_best_set_of_n_points_is_for_two_objectives():
    with pytest.raises(NoKnownFront, match="two objectives"):
        pm.problem("dtlz2").best_hypervolume(20)


@pytest.mark.parametrize("name", ANALYTIC)
def test_every_card_is_complete(name):
    card = pm.problems[name].card
    assert card.summary.endswith(".")
    assert card.source
    assert card.family
    assert card.front_shape in {
        "convex", "concave", "linear", "mixed", "disconnected", "degenerate", "unknown",
    }  # fmt: skip
    assert pm.problems.describe(name)


@pytest.mark.parametrize("name", ANALYTIC)
def test_numbers_of_points_and_reference_points_that_are_none_are_refused(name):
    problem = pm.problem(name)
    for n in (0, -1, 1.5, "3", True):
        with pytest.raises(BadInput, match="number of points"):
            problem.front(n)
    for n in (0, -3, 2.5, "3"):
        with pytest.raises((BadInput, NoKnownFront)):
            problem.best_hypervolume(n)
    m = problem.n_objectives
    for r in ([1.0] * (m + 1), [float("nan")] * m, [float("inf")] * m, "far"):
        with pytest.raises(BadInput, match="reference_point"):
            problem.best_hypervolume(reference_point=r)
