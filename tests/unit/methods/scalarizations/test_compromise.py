"""`compromise` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import torch

import paretomtl as pm

F64 = torch.float64


def test_p_norm_limits_and_formula(vector):
    losses, p = (
        torch.rand(9, 3, generator=torch.Generator().manual_seed(7), dtype=F64),
        vector(0.2, 0.5, 0.3),
    )
    torch.testing.assert_close(
        pm.scalarize("p_norm", losses, p, p=1.0), pm.scalarize("linear", losses, p)
    )
    torch.testing.assert_close(
        pm.scalarize("p_norm", losses, p, p=math.inf), pm.scalarize("tchebycheff", losses, p)
    )
    for q in (1.5, 2.0, 7.0):
        inside = ((p * losses) ** q).sum(-1) ** (1 / q)
        outside = (p * losses**q).sum(-1) ** (1 / q)
        torch.testing.assert_close(pm.scalarize("p_norm", losses, p, p=q), inside)
        torch.testing.assert_close(
            pm.scalarize("p_norm", losses, p, p=q, weight="outside"), outside
        )
