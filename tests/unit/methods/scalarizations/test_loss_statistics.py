"""`loss_statistics` against closed forms, limits and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64


def naive_sliding_dwa(rows, window, temperature):
    """The variant of nash-mtl, written with a plain list."""
    m = len(rows[0])
    history, weights, answers = [np.ones(m)] * (2 * window), np.ones(m), []
    for k, row in enumerate(rows):
        history = [*history[1:], row]
        if k > window:
            ratio = np.mean(history[window:], 0) / np.mean(history[:window], 0)
            raw = np.exp(ratio / temperature)
            weights = m * raw / raw.sum()
        answers.append(weights / m)
    return answers


def test_dwa_sliding_variant():
    rows = np.random.default_rng(0).uniform(0.2, 2, (20, 3))
    chosen = method("dwa", form="sliding", window=3, temperature=1.5)
    state = chosen.init(LaneShapes((), 3))
    for row, expected in zip(rows, naive_sliding_dwa(rows, 3, 1.5), strict=True):
        weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
        np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-12)


def test_dwa_epochs_and_a_vanished_window(vector):
    rows = np.random.default_rng(1).uniform(0.2, 2, (12, 2))
    chosen = method("dwa", window=3, temperature=2.0)
    state = chosen.init(LaneShapes((), 2))
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
        epoch = k // 3
        if epoch < 2:
            expected = np.ones(2)
        else:
            ratio = rows[3 * epoch - 3 : 3 * epoch].mean(0) / rows[
                3 * epoch - 6 : 3 * epoch - 3
            ].mean(0)
            expected = 2 * np.exp(ratio / 2) / np.exp(ratio / 2).sum()
        np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-12)
    state = chosen.init(LaneShapes((), 2))
    for _ in range(9):
        weights, state = chosen.step(state, Signals(losses=vector(0.0, 1.0)))
    assert weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("decay", [None, 0.8])
def test_cov_weighting(decay):
    rows = np.random.default_rng(2).uniform(0.2, 2, (15, 3))
    chosen = method("cov_weighting", decay=decay)
    state = chosen.init(LaneShapes((), 3))
    mean_loss, ratios = None, []
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
        if decay is None and k > 1:  # mean and deviation of all ratios so far
            c = np.sqrt(np.var(ratios, 0) + 1e-8) / np.mean(ratios, 0)
            np.testing.assert_allclose(weights.numpy(), c / c.sum(), rtol=1e-10)
        elif k <= 1:
            np.testing.assert_allclose(weights.numpy(), 1 / 3, rtol=1e-12)
        ratios.append(row / (row if mean_loss is None else mean_loss))
        kept = k / (k + 1) if decay is None else (0 if k == 0 else decay)
        mean_loss = row if mean_loss is None else kept * mean_loss + (1 - kept) * row
        np.testing.assert_allclose(state["mean_loss"].numpy(), mean_loss, rtol=1e-12)
    assert weights.sum().item() == pytest.approx(1)


def test_uw_so_formula_and_ends(vector):
    losses = vector(0.2, 1.0, 3.0)
    expected = torch.softmax(1 / losses / 2.5, -1)
    torch.testing.assert_close(pm.weights("uw_so", losses=losses, temperature=2.5), expected)
    even = pm.weights("uw_so", losses=losses, temperature=1e9)
    torch.testing.assert_close(even, torch.full((3,), 1 / 3, dtype=F64))
    zero = method("uw_so").weights({}, Signals(losses=vector(0.0, 1.0)))
    assert zero.tolist() == [1.0, 0.0]
