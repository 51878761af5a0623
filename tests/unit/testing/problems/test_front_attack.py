"""How far points better a front, against all pairs; and a descent that finds the front."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.problems.base import AnalyticProblem
from paretomtl.testing.problems.front_attack import attack, margins, spans


def by_pairs(cloud: torch.Tensor, front: torch.Tensor, span: torch.Tensor) -> list[float]:
    return [max(float(((z - a) / span).min()) for z in front) for a in cloud]


@pytest.mark.parametrize("m", [2, 3])
def test_margins_equal_those_over_all_pairs(m: int) -> None:
    generator = torch.Generator().manual_seed(m)
    t = torch.rand(40, m, dtype=torch.float64, generator=generator)
    front = t / t.norm(dim=1, keepdim=True)
    cloud = 1.2 * torch.rand(30, m, dtype=torch.float64, generator=generator)
    span = torch.linspace(1, 2, m, dtype=torch.float64)
    expected = torch.tensor(by_pairs(cloud, front, span), dtype=torch.float64)
    torch.testing.assert_close(margins(cloud, front, span), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_points_that_are_not_finite_better_nothing(bad: float) -> None:
    cloud = torch.tensor([[bad, 0.0], [0.1, 0.1]], dtype=torch.float64)
    front = torch.tensor([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)
    found = margins(cloud, front, torch.ones(2, dtype=torch.float64)).tolist()
    assert found == [float("-inf"), pytest.approx(0.4)]


def test_the_descent_comes_to_the_front_and_never_past_it() -> None:
    problem = pm.problem("vlmop2", n_variables=2)
    assert isinstance(problem, AnalyticProblem)
    found = attack(problem, lanes=16, steps=200, keep=4)
    assert found.shape[1] == 2
    assert len(found) >= 4 * 16
    span, front = spans(problem), problem.front(20_000)
    assert float(margins(found, front, span).max()) < 1e-6
    last = found[-16:]
    assert float(margins(last, front, span).min()) > -0.01
    assert torch.equal(found, attack(problem, lanes=16, steps=200, keep=4))
