"""Losses before learning, against networks and against every constant predictor."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch.nn import functional

from paretomtl.errors import BadInput
from paretomtl.losses.reference import (
    class_prior_loss,
    regression_prior_loss,
    theoretical_init_loss,
)
from paretomtl.losses.temperature import best_temperature, tempered_cross_entropy

G = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("k", [2, 10, 100])
def test_cross_entropy_of_zero_logits(k):
    labels = torch.randint(0, k, (50,), generator=G)
    measured = functional.cross_entropy(torch.zeros(50, k), labels).item()
    assert theoretical_init_loss("cross_entropy", n_classes=k) == pytest.approx(measured, abs=1e-6)


def test_binary_cross_entropy_of_zero_logits():
    labels = torch.randint(0, 2, (50,), generator=G).float()
    measured = functional.binary_cross_entropy_with_logits(torch.zeros(50), labels).item()
    assert theoretical_init_loss("binary_cross_entropy") == pytest.approx(measured, abs=1e-6)


def test_squared_error_of_zero_outputs():
    y = torch.randn(40, 3, generator=G) * 2 + 1
    mean = theoretical_init_loss("squared_error", labels=y)
    total = theoretical_init_loss("squared_error", labels=y, reduction="sum")
    assert mean == pytest.approx(functional.mse_loss(torch.zeros(40, 3), y).item(), rel=1e-6)
    assert total == pytest.approx(y.square().sum(-1).mean().item(), rel=1e-6)


def test_default_initialisation_is_a_little_worse_than_theory():
    """The excess over log K is about half the variance of the logits."""
    losses = []
    for seed in range(10):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 100)
        )
        x, y = torch.randn(2000, 64), torch.randint(0, 100, (2000,))
        losses.append(functional.cross_entropy(net(x), y).item())
    mean = sum(losses) / len(losses)
    assert math.log(100) < mean < math.log(100) + 0.06


@pytest.mark.parametrize(
    ("shares", "entropy"), [([10] * 10, 2.302585), ([80, 20], 0.5004), ([99, 1], 0.0560)]
)
def test_entropies_in_nats(shares, entropy):
    labels = torch.cat([torch.full((n,), c) for c, n in enumerate(shares)])
    assert class_prior_loss(labels) == pytest.approx(entropy, abs=5e-5)


def test_class_prior_is_the_best_constant_prediction():
    labels = torch.tensor([0] * 7 + [1] * 3)

    def loss(logit):
        return functional.cross_entropy(
            torch.tensor([[0.0, logit]], dtype=torch.float64).expand(10, 2), labels
        ).item()

    best = minimize_scalar(loss).fun
    assert class_prior_loss(labels) == pytest.approx(best, abs=1e-8)
    assert class_prior_loss(labels) <= math.log(2)


def test_regression_prior_is_the_best_constant_and_ignores_a_shift():
    y = torch.randn(60, 2, generator=G, dtype=torch.float64) * 3 + 5
    best = regression_prior_loss(y)
    for offset in (-0.1, 0.2):
        assert functional.mse_loss((y.mean(0) + offset).expand_as(y), y).item() > best
    assert functional.mse_loss(y.mean(0).expand_as(y), y).item() == pytest.approx(best)
    assert regression_prior_loss(y + 1000) == pytest.approx(best)
    trace = torch.cov(y.T, correction=0).trace().item()
    assert regression_prior_loss(y, reduction="sum") == pytest.approx(trace)
    assert best < theoretical_init_loss("squared_error", labels=y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_prior_loss(torch.zeros(5)), "single class"),
        (lambda: class_prior_loss(torch.zeros(0)), "empty"),
        (lambda: regression_prior_loss(torch.ones(5, 2)), "all alike"),
        (lambda: theoretical_init_loss("cross_entropy"), "n_classes"),
        (lambda: theoretical_init_loss("cross_entropy", n_classes=1), "n_classes"),
        (lambda: theoretical_init_loss("squared_error"), "labels"),
        (lambda: theoretical_init_loss("hinge"), "hinge"),
        (
            lambda: theoretical_init_loss("squared_error", labels=torch.ones(2), reduction="max"),
            "max",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(BadInput, match=message):
        call()


def test_tempered_likelihood_of_the_example():
    f, y = torch.tensor([[2.0, 0.0, -1.0]], dtype=torch.float64), torch.tensor([0])
    found = tempered_cross_entropy(f, y, math.log(2.0)).item()
    assert found == pytest.approx(0.4644, abs=5e-5)
    assert found == pytest.approx(functional.cross_entropy(f / 2, y).item())


def test_best_temperature_has_likelihood_equal_to_entropy():
    f = torch.randn(300, 5, generator=G, dtype=torch.float64) * 4
    y = torch.distributions.Categorical(logits=f / 2.5).sample()
    t = best_temperature(f, y)
    p = torch.softmax(f / t, -1)
    entropy = -(p * p.log()).sum(-1).mean().item()
    assert tempered_cross_entropy(f, y, math.log(t)).item() == pytest.approx(entropy, rel=1e-9)
    for other in (0.9 * t, 1.1 * t):
        worse = tempered_cross_entropy(f, y, math.log(other)).item()
        assert worse > entropy
    log_t = torch.tensor(math.log(t), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(tempered_cross_entropy(f, y, log_t), log_t)
    assert slope.item() == pytest.approx(0, abs=1e-9)


def test_no_best_temperature():
    right = torch.eye(3) * 5
    with pytest.raises(BadInput, match="right on every sample"):
        best_temperature(right, torch.arange(3))
    with pytest.raises(BadInput, match="no better than chance"):
        best_temperature(-right, torch.arange(3))


def test_labels_may_be_arrays_and_must_be_numbers():
    assert class_prior_loss(np.array([0, 1, 1])) == class_prior_loss(torch.tensor([0, 1, 1]))
    assert regression_prior_loss(np.array([0.0, 1.0])) == 0.25
    with pytest.raises(BadInput, match="NaN or infinity"):
        class_prior_loss(torch.tensor([0.0, 1.0, float("nan")]))
    with pytest.raises(BadInput, match="array of numbers"):
        class_prior_loss(["cat", "dog"])
    with pytest.raises(BadInput, match=r"whole number.*2\.5"):
        theoretical_init_loss("cross_entropy", n_classes=2.5)
