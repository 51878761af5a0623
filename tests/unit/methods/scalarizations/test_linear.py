"""`linear` against closed forms, limits and independent implementations."""

from __future__ import annotations

import pytest
import torch

from paretomtl.methods.base import method


@pytest.mark.parametrize(
    ("preference", "point", "losses"),
    [((0.5, 0.5), (0.0, 0.0), (2.0, 2.0)), ((0.9, 0.1), (0.8, 0.8), (0.08, 6.48))],
)
def test_linear_on_the_planar_pair(preference, point, losses, descend, planar_pair, vector):
    end, _ = descend(
        planar_pair,
        vector(0.3, -0.7),
        method("linear"),
        steps=200,
        lr=0.1,
        preference=vector(*preference),
    )
    torch.testing.assert_close(end, vector(*point), atol=1e-8, rtol=0)
    torch.testing.assert_close(planar_pair(end), vector(*losses), atol=1e-7, rtol=0)
