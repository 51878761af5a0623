"""`pm.trace`: one call, a whole front, and clear words when it cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine import plan_batches, run_batch
from paretomtl.errors import BadInput, Unfit, UnknownName

FEW = pm.Budget(steps=30)


def test_rows_are_gammas_by_seeds_by_preferences() -> None:
    front = pm.trace(
        "vlmop2", "power_mean", preferences=3, gammas=[2, math.inf], seeds=[4, 7], budget=FEW
    )
    runs = front.runs
    assert len(front) == len(runs) == 12
    assert runs["gamma"].tolist() == [2.0] * 6 + [math.inf] * 6
    assert runs["seed"].tolist() == [4, 4, 4, 7, 7, 7] * 2
    assert runs["preference"][1] == (0.5, 0.5)
    assert front.objectives.shape == (12, 2)
    np.testing.assert_array_equal(runs[["f1", "f2"]].to_numpy(), front.objectives.numpy())


def test_final_objectives_are_those_of_the_final_points_in_the_box() -> None:
    problem = pm.problem("zdt1")
    front = pm.trace(problem, "tchebycheff", preferences=7, seeds=2, budget=FEW, lr=0.05)
    lower, upper = problem.bounds
    assert bool(((front.x >= lower) & (front.x <= upper)).all())
    assert torch.equal(problem.objectives(front.x), front.objectives)


def test_the_same_call_gives_the_same_numbers_and_another_seed_others() -> None:
    def end(seed: int) -> torch.Tensor:
        return pm.trace("zdt1", "rlw", preferences=4, seeds=[seed], budget=FEW).objectives

    assert torch.equal(end(0), end(0))
    assert not torch.equal(end(0), end(1))


def test_nondominated_and_hypervolume_use_the_problems_own_reference_point() -> None:
    front = pm.trace("planar_pair", "linear", preferences=9, budget=pm.Budget(steps=400), lr=0.05)
    kept = front.nondominated()
    assert 0 < len(kept) <= 9
    problem = front.problem
    assert front.hypervolume() == pm.hypervolume(front.objectives, problem.reference_point)
    assert front.hypervolume() <= problem.best_hypervolume(9) * (1 + 1e-9)


def test_a_budget_in_passes_counts_what_the_method_costs() -> None:
    for name, steps in (("linear", 30), ("mgda", 15)):
        front = pm.trace("vlmop2", name, budget=pm.Budget(passes=30))
        assert front.runs["steps"][0] == steps
        assert front.runs["backward_passes"][0] == 30


def test_a_budget_in_seconds_is_kept() -> None:
    front = pm.trace("vlmop2", "linear", preferences=4, budget=pm.Budget(seconds=0.3))
    assert front.runs["steps"][0] > 5
    assert 0.3 <= front.runs["seconds"].sum() < 5


def test_instances_that_nobody_registered_can_be_traced() -> None:
    class Mine(type(pm.method("linear"))):
        pass

    front = pm.trace(pm.problem("vlmop2", n_variables=3), Mine(), preferences=2, budget=FEW)
    assert front.specs[0].problem.label == "vlmop2(n_variables=3)"
    assert bool(front.ok.all())


def test_the_plot_shows_the_runs_and_the_exact_front() -> None:
    axes = pm.trace("vlmop2", "linear", preferences=5, budget=FEW).plot()
    labels = [c.get_label() for c in axes.collections]
    assert labels == ["exact front", "linear"]
    assert len(axes.collections[1].get_offsets()) == 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"problem": "vlmop"}, UnknownName, "Did you mean 'vlmop"),
        ({"method": "tchebychef"}, UnknownName, "Did you mean 'tchebycheff'"),
        ({"preferences": [(0.5, 0.6)]}, BadInput, "sums to 1.1"),
        ({"preferences": [(-0.5, 1.5)]}, BadInput, ">= 0"),
        ({"preferences": [(0.2, 0.3, 0.5)]}, BadInput, "2 objectives need 2"),
        ({"gammas": [2.0]}, BadInput, "no option `gamma`"),
        ({"method": "power_mean", "gammas": []}, BadInput, "at least one exponent"),
        ({"precision": torch.float32}, BadInput, "`precision` must be one of"),
        ({"seeds": 0}, BadInput, "`seeds` must be"),
        ({"seeds": [1.5]}, BadInput, "`seeds` must be"),
        ({"lr": -1.0}, BadInput, "`lr` must be"),
        ({"device": "cuda:99"}, BadInput, "machine has"),
        ({"device": "tpu"}, BadInput, "unknown device"),
        ({"precision": "float16"}, BadInput, "one of float64, float32"),
        ({"budget": pm.Budget(passes=1), "method": "mgda"}, BadInput, "takes 2 backward passes"),
    ],
)
def test_bad_input_is_named(arguments: dict, error: type, message: str) -> None:
    call = {"problem": "vlmop2", "method": "linear", "budget": FEW} | arguments
    with pytest.raises(error, match=message):
        pm.trace(call.pop("problem"), call.pop("method"), **call)


def test_logarithms_of_losses_that_can_be_negative_are_refused_before_anything_runs() -> None:
    with pytest.raises(BadInput, match="needs positive losses"):
        pm.trace("cagrad_toy", "log_sum", budget=FEW)


@pytest.mark.parametrize("name", ["graddrop", "trimmed_mean", "db_mtl", "moo_svgd"])
@pytest.mark.parametrize("problem", ["vlmop2", "multi_digits"])
def test_a_direction_without_weights_is_diagnosed_too(name, problem):
    front = pm.trace(problem, name, preferences=3, budget=pm.Budget(steps=3), snapshots=3)
    for outcome in front.outcomes:
        found = outcome.diagnostics
        inner, norms = found["inner_products"][1:], found["gradient_norms"][1:]
        length = found["direction_norm"][1:, None]
        assert (abs(inner) <= norms * length * (1 + 1e-5)).all()
        np.testing.assert_array_equal(found["harmed"][1:] > 0, inner < -4e-6 * norms * length)


def test_a_method_reports_its_own_numbers_of_its_own_lanes_alone() -> None:
    bound = pm.method("epsilon_constraint", ceilings=(0.5, 0.5), dual_lr=0.05, patience=100)
    front = pm.trace("planar_pair", bound, budget=pm.Budget(steps=400), lr=0.01)
    told = front.outcomes[0].diagnostics
    assert told["infeasible"][-1].tolist() == [1.0, 1.0]
    assert told["infeasible"][1].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(
        told["slack"][-1], 0.5 - front.outcomes[0].losses["test"][-1], atol=0.02
    )
    assert (told["multipliers"][-1] > 5).all()
    assert np.isnan(told["multipliers"][0]).all()  # nothing is known before the first step
    specs = [
        front.specs[0],
        pm.trace("planar_pair", "linear", budget=pm.Budget(steps=400), lr=0.01).specs[0],
    ]
    (batch,) = plan_batches(specs)
    mine, other = run_batch(batch)
    assert set(other.diagnostics) == {"weights"}
    np.testing.assert_array_equal(mine.diagnostics["multipliers"], told["multipliers"])


@pytest.mark.parametrize("name", ["poloni", "re21", "re41", "re61"])
def test_runs_in_float32_end_in_the_box(name: str) -> None:
    front = pm.trace(
        name, "linear", preferences=8, budget=pm.Budget(steps=30), lr=10.0, precision="float32"
    )
    lower, upper = front.problem.bounds
    x = torch.as_tensor(np.stack([o.x for o in front.outcomes]))
    assert ((x >= lower) & (x <= upper)).all()
    assert ((x == lower) | (x == upper) | (x - lower < 1e-5) | (upper - x < 1e-5)).any()


def test_objectives_of_another_shape_and_options_that_no_record_holds_are_refused() -> None:
    class Wrong(type(pm.problem("planar_pair"))):
        def _objectives(self, x):
            return super()._objectives(x)[..., 0]

    with pytest.raises(Unfit, match=r"must be numbers \[2, 2\].*found \[2\]"):
        pm.trace(Wrong(), "linear", budget=FEW)

    @dataclass(frozen=True, kw_only=True, eq=False)
    class Holding(type(pm.problem("planar_pair"))):
        table: object = None

    for value in (np.ones(2), torch.ones(2), len):
        with pytest.raises(BadInput, match=r"option `table` is a .*which a record cannot hold"):
            pm.trace(Holding(table=value), "linear", budget=FEW)
