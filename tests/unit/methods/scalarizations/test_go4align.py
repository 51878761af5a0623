"""`go4align` against closed forms, limits and independent implementations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def best_split(values):
    """Means of the best two clusters, over all ways to divide the numbers."""
    best, answer = math.inf, None
    for labels in itertools.product((False, True), repeat=len(values)):
        labels = np.array(labels)
        if labels.all() or not labels.any():
            continue
        means = np.where(labels, values[labels].mean(), values[~labels].mean())
        if ((values - means) ** 2).sum() < best:
            best, answer = ((values - means) ** 2).sum(), means
    return answer


def test_go4align_indicators_and_groups():
    rows = np.random.default_rng(3).uniform(0.2, 2, (6, 4))
    for groups in (1, 2, 4):
        chosen = method("go4align", groups=groups, step_size=0.3)
        state, q = chosen.init(LaneShapes((), 4)), np.full(4, 0.25)
        for row in rows:
            weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
            q = q * np.exp(-0.3 * row)
            q /= q.sum()
            indicator = q * row.sum() / row
            if groups == 1:
                expected = np.full(4, indicator.mean())
            elif groups == 4:
                expected = indicator
            else:
                expected = best_split(indicator)
            np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-10)
