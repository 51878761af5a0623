"""Every method heeds a preference, and the uniform one is the paper's method."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.methods.base import Aggregator, Scalarization, SetMethod

JACOBIAN = torch.randn(3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LOSSES = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
WISH = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
SINGLE = [
    name
    for name in pm.methods
    if not issubclass(pm.methods[name], SetMethod)
    and pm.method(name, **pm.methods[name].example).least_tasks <= 3
]


def _answer(name: str, preference: torch.Tensor | None) -> torch.Tensor:
    cls = pm.methods[name]
    options = {"losses": LOSSES, "preference": preference, **cls.example}
    if issubclass(cls, Aggregator):
        return pm.aggregate(name, JACOBIAN, **options)
    if issubclass(cls, Scalarization):
        return pm.weights(name, **options)
    if cls.minibatches > 1:
        options["cross_gramian"] = JACOBIAN @ JACOBIAN.T
    return pm.weights(name, jacobian=JACOBIAN, **options)


@pytest.mark.parametrize("name", SINGLE)
def test_a_preference_changes_the_answer(name: str) -> None:
    assert not torch.allclose(_answer(name, None), _answer(name, WISH), rtol=1e-6)


@pytest.mark.parametrize("name", SINGLE)
def test_the_uniform_preference_is_the_papers_method(name: str) -> None:
    uniform = torch.full((3,), 1 / 3, dtype=torch.float64)
    torch.testing.assert_close(_answer(name, uniform), _answer(name, None), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_fairgrads_preference_weighs_the_welfare(alpha: float) -> None:
    weights = pm.weights("fairgrad", jacobian=JACOBIAN, preference=WISH, alpha=alpha)
    gains = JACOBIAN @ JACOBIAN.T @ weights
    torch.testing.assert_close(gains, (weights / (3 * WISH)) ** (-1 / alpha), rtol=1e-9, atol=0)


def test_normalized_gradients_are_weighted_after_normalization() -> None:
    weights = pm.weights("grad_normalization", jacobian=JACOBIAN, preference=WISH)
    torch.testing.assert_close(weights * JACOBIAN.norm(dim=-1), 3 * WISH)
