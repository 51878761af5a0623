"""Pairs of objectives against figures found by hand."""

import math

import pytest
import torch

import paretomtl as pm

F64 = torch.float64


def vec(*values):
    return torch.tensor(values, dtype=F64)


def test_planar_pair():
    pair = pm.problem("planar_pair")
    front = pair.front(11)
    torch.testing.assert_close(front[[0, -1]], torch.tensor([[0.0, 8.0], [8.0, 0.0]], dtype=F64))
    torch.testing.assert_close(front.sqrt().sum(-1), torch.full((11,), 2 * math.sqrt(2), dtype=F64))
    assert pair.objectives(vec(1.0, 1.0)).tolist() == [0.0, 8.0]


def test_scalar_pair():
    pair = pm.problem("scalar_pair")
    assert pair.objectives(vec(0.5)).tolist() == [2.25, 2.25]
    assert pm.problem("scalar_pair", halved=True).objectives(vec(2.0)).tolist() == [0.0, 4.5]


def test_ill_scaled_pair():
    pair = pm.problem("ill_scaled_pair")
    x = vec(0.5, 0.0).requires_grad_()
    f = pair.objectives(x)
    assert f.tolist() == [0.25, 0.0025]
    slopes = [torch.autograd.grad(value, x, retain_graph=True)[0].norm() for value in f]
    assert float(slopes[0] / slopes[1]) == pytest.approx(100)
