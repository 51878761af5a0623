"""RE: the stored computed fronts, rounding to discrete variables, violations."""

from importlib import resources

import pytest
import torch
from paretomtl_problems.analytic.re import base as re_base
from paretomtl_problems.analytic.re.two import RE22, RE25, STEEL_AREAS, WIRE_DIAMETERS

import paretomtl as pm
from paretomtl.errors import BadInput, NoKnownFront

NAMES = [f"re{i}" for i in (21, 22, 23, 24, 25, 31, 32, 33, 34, 35, 36, 37, 41, 42, 61, 91)]
DISCRETE = {"re22": [0], "re23": [0, 1], "re25": [0, 2], "re35": [2], "re36": [0, 1, 2, 3]}


def header(name):
    data = resources.files("paretomtl_problems.analytic.re").joinpath("data", f"{name}.csv")
    lines = [x[2:] for x in data.read_text("utf-8").splitlines() if x.startswith("# ")]
    return dict(line.split(": ", 1) for line in lines if ": " in line)


@pytest.mark.parametrize("name", NAMES)
def test_the_data_file_is_small_and_says_how_it_was_made(name):
    data = resources.files("paretomtl_problems.analytic.re").joinpath("data", f"{name}.csv")
    assert len(data.read_bytes()) < 40_000
    stated = header(name)
    problem = pm.problem(name)
    assert stated["method"]
    assert float(stated["accuracy"]) <= problem.card.front_accuracy
    assert float(stated.get("accuracy_by_search", "0")) <= problem.card.front_accuracy
    assert problem.card.front_accuracy <= (1e-4 if name == "re33" else 1e-9)
    assert float(stated["hypervolume_accuracy"]) < (2e-2 if problem.n_objectives > 4 else 2e-3)
    assert (problem.card.front_accuracy == 0) == (name == "re36")


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_front_is_attained_inside_the_box(name):
    problem = pm.problem(name)
    x = problem.pareto_set(1000)
    assert 20 < len(x) <= (400 if problem.n_objectives == 2 else 200)
    assert problem.inside(x).all()
    assert torch.equal(problem.front(1000), problem.objectives(x))
    assert pm.nondominated(problem.front(1000)).all()
    assert len(problem.front(15)) == 15
    assert problem.front(1).shape == (1, problem.n_objectives)
    with pytest.raises(BadInput, match="at least 1"):
        problem.front(0)


@pytest.mark.parametrize(("name", "columns"), DISCRETE.items())
def test_discrete_variables_snap_to_the_nearest_value(name, columns):
    problem = pm.problem(name)
    assert not problem.card.differentiable
    lower, upper = problem.bounds
    u = torch.rand(
        200, problem.n_variables, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    x = lower + (upper - lower) * u
    tables = {("re22", 0): STEEL_AREAS, ("re25", 2): WIRE_DIAMETERS}
    snapped = x.clone()
    for j in columns:
        values = torch.tensor(tables.get((name, j), range(1, 101)), dtype=torch.float64)
        snapped[:, j] = values[(x[:, j : j + 1] - values).abs().argmin(-1)]
    torch.testing.assert_close(
        problem.objectives(x), problem.objectives(snapped), rtol=1e-12, atol=1e-12
    )
    # The gradient that is returned is the relaxed formula's at the admissible value.
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(problem.objectives(x)[:, 0].sum(), x)
    assert gradient.isfinite().all()
    if name != "re36":
        assert (gradient[:, columns] != 0).any()


def test_nearest_values_at_ties_ends_and_nan():
    x = torch.tensor([-5.0, 1.0, 1.5, 2.2, 99.0, float("nan")], dtype=torch.float64)
    found = re_base.nearest_of(x, (1.0, 2.0, 4.0))
    assert found[:5].tolist() == [1.0, 1.0, 1.0, 2.0, 4.0]
    assert found[5].isnan()
    assert re_base.nearest_integer(torch.tensor([0.5, 1.5, 2.4])).tolist() == [0.0, 2.0, 2.0]


@pytest.mark.parametrize("name", ["re22", "re23", "re25", "re35", "re36"])
def test_discrete_problems_go_under_vmap_without_a_warning(name):
    """torch.searchsorted warned of a batch that is not contiguous, and indexing has no rule at all."""
    problem = pm.problem(name)
    lower, upper = problem.bounds
    generator = torch.Generator().manual_seed(0)
    u = torch.rand(5, 4, problem.n_variables, dtype=torch.float64, generator=generator)
    x = lower + (upper - lower) * u
    plain = problem.objectives(x)
    assert torch.equal(torch.vmap(problem.objectives)(x), plain)
    assert torch.equal(torch.vmap(problem.objectives, in_dims=1, out_dims=1)(x), plain)
    assert torch.equal(torch.vmap(torch.vmap(problem.objectives))(x), plain)
    slopes = torch.vmap(torch.func.grad(lambda v: problem.objectives(v).sum()))(x[0])
    given = x[0].clone().requires_grad_()
    (expected,) = torch.autograd.grad(problem.objectives(given).sum(), given)
    torch.testing.assert_close(slopes, expected)


def test_violations_add_up_and_met_constraints_have_no_gradient():
    g = torch.tensor([[1.0, -2.0], [-3.0, -4.0], [0.0, 5.0]], requires_grad=True)
    total = re_base.violation(*g.unbind(-1))
    assert total.tolist() == [2.0, 7.0, 0.0]
    total.sum().backward()
    assert g.grad.tolist() == [[0.0, -1.0], [-1.0, -1.0], [0.0, 0.0]]


def test_singular_faces_are_left_as_the_cards_say():
    beam = RE22().objectives(torch.tensor([10.0, 0.0, 20.0], dtype=torch.float64))
    assert beam[0].isfinite()
    assert beam[1] == float("inf")
    brake = pm.problem("re33").objectives(torch.tensor([77.0, 77.0, 2000.0, 15.0]).double())
    assert brake[0] == 0
    assert brake[1:].isnan().all()
    assert len(RE25.card.notes) >= 3


@pytest.mark.parametrize("name", ["re21", "re24", "re23"])
def test_best_sets_of_stored_points_grow(name):
    problem = pm.problem(name)
    best = [problem.best_hypervolume(n) for n in (1, 3, 20, 400)]
    assert best == sorted(best)
    assert best[0] > 0
    whole = pm.hypervolume(problem.front(400), problem.reference_point)
    assert best[-1] == pytest.approx(whole, rel=1e-9)
    assert best[-1] <= problem.best_hypervolume()
    assert best[-1] > 0.98 * problem.best_hypervolume()


def test_what_is_not_stored_is_refused():
    with pytest.raises(NoKnownFront, match="two objectives"):
        pm.problem("re31").best_hypervolume(10)
    with pytest.raises(NoKnownFront, match="own reference point"):
        pm.problem("re34").best_hypervolume(reference_point=[2000.0, 20.0, 1.0])
    with pytest.raises(BadInput, match="3 finite numbers"):
        pm.problem("re34").best_hypervolume(reference_point=[2000.0, 20.0])
