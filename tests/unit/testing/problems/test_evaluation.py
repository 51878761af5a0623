"""The Jacobian of objectives: all backward passes at once equal one after the other."""

from __future__ import annotations

import torch

import paretomtl as pm
from paretomtl.problems.base import AnalyticProblem
from paretomtl.testing.problems.evaluation import jacobian


def test_all_passes_at_once_equal_one_after_the_other() -> None:
    problem = pm.problem("dtlz2", n_objectives=3)
    assert isinstance(problem, AnalyticProblem)
    x = torch.rand(4, problem.n_variables, dtype=torch.float64)
    expected = torch.stack(
        [torch.autograd.functional.jacobian(problem.objectives, row) for row in x]  # pyright: ignore[reportArgumentType, reportCallIssue]
    )
    torch.testing.assert_close(jacobian(problem.objectives, x), expected, rtol=1e-12, atol=1e-12)


def test_objectives_that_do_not_depend_on_x_have_no_slope() -> None:
    x = torch.rand(4, 3)
    assert not jacobian(lambda p: torch.ones(len(p), 2), x).any()
    half = jacobian(lambda p: torch.stack((p.sum(-1), torch.ones(len(p))), -1), x)
    assert torch.equal(half, torch.tensor([[1.0] * 3, [0.0] * 3]).expand(4, 2, 3))
