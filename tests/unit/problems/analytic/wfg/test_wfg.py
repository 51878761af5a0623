"""WFG: options, what is done at singular points, fronts that disconnect and degenerate."""

import math

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput, NoKnownFront


def test_the_numbers_of_variables_follow_from_each_other():
    def found(**options):
        problem = pm.problem("wfg4", **options)
        return problem.n_objectives, problem.k, problem.l, problem.n_variables

    assert found() == (2, 4, 20, 24)
    assert found(n_objectives=3) == (3, 4, 20, 24)
    assert found(n_objectives=5) == (5, 8, 20, 28)
    assert found(n_variables=10) == (2, 4, 6, 10)
    assert found(n_objectives=3, k=6, l=3) == (3, 6, 3, 9)
    assert found(n_objectives=4, k=3, n_variables=8) == (4, 3, 5, 8)
    assert found(k=1, l=1) == (2, 1, 1, 2)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("wfg1", {"n_objectives": 1}, "n_objectives.*at least 2"),
        ("wfg1", {"n_objectives": 2.0}, "whole number"),
        ("wfg4", {"n_objectives": 3, "k": 3}, "multiple of m - 1 = 2"),
        ("wfg4", {"k": 0}, "`k`"),
        ("wfg4", {"l": 0}, "`l`"),
        ("wfg4", {"n_variables": 4}, "n_variables.*at least 5"),
        ("wfg4", {"k": 4, "l": 6, "n_variables": 12}, "leave one of them out"),
        ("wfg2", {"l": 5}, "even"),
        ("wfg3", {"n_variables": 9}, "even"),
    ],
)
def test_options_outside_the_definition_are_refused(name, options, message):
    with pytest.raises(BadInput, match=message):
        pm.problem(name, **options)


def test_outside_the_box_the_nearest_point_counts():
    problem = pm.problem("wfg7", n_variables=8)
    lower, upper = problem.bounds
    assert torch.equal(problem.objectives(lower - 1), problem.objectives(lower))
    assert torch.equal(problem.objectives(upper + 1), problem.objectives(upper))


def test_wfg1_powers_are_exact_at_and_near_zero():
    problem = pm.problem("wfg1", k=1, l=2)
    x = torch.tensor([[0.0, 1.4, 2.1], [2e-300, 1.4, 2.1], [2e-9, 1.4, 2.1]], dtype=torch.float64)
    f = problem.objectives(x)
    t = torch.tensor([0.0, 1e-300**0.02, 1e-9**0.02], dtype=torch.float64)
    torch.testing.assert_close(f[:, 0], 2 * (1 - torch.cos(t * math.pi / 2)), rtol=1e-12, atol=0)


def test_wfg3_says_what_its_degenerate_front_is():
    assert pm.problem("wfg3").nadir.tolist() == [2.0, 4.0]
    three = pm.problem("wfg3", n_objectives=3)
    assert three.nadir.tolist() == [3.0, 2.0, 6.0]
    four = pm.problem("wfg3", n_objectives=4)
    for refused in (lambda: four.front(10), four.best_hypervolume):
        with pytest.raises(NoKnownFront, match="only a part of the front"):
            refused()
    line = four.line(11)
    assert line.shape == (11, 4)
    assert line[0].tolist() == [0.0, 0.0, 0.0, 8.0]
    assert line[-1].tolist() == [0.5, 1.0, 3.0, 0.0]


def test_best_sets_of_n_points_grow_to_the_whole_front():
    for name in ("wfg1", "wfg2", "wfg3", "wfg4"):
        problem = pm.problem(name)
        best = [problem.best_hypervolume(n) for n in (1, 5, 20, 80)]
        assert best == sorted(best)
        assert 0.97 * problem.best_hypervolume() < best[-1] < problem.best_hypervolume()
        even = pm.hypervolume(problem.front(20), problem.reference_point)
        assert even <= best[2] + 1e-9
    with pytest.raises(NoKnownFront, match="two objectives"):
        pm.problem("wfg4", n_objectives=3).best_hypervolume(20)
    with pytest.raises(BadInput, match="no better than the nadir"):
        pm.problem("wfg4", n_objectives=3).best_hypervolume(reference_point=[1.0, 4.0, 6.0])
