"""What the tests of single aggregators share: problems with known answers, and ways down them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from paretomtl.methods.base import Signals

F64 = torch.float64


M, N = 3, 6


def draw(seed, batch=(5,), dtype=F64, preference=True):
    g = torch.Generator().manual_seed(seed)
    p = torch.rand(*batch, M, generator=g, dtype=F64) + 0.1
    keys = torch.arange(int(np.prod(batch)) if batch else 1).reshape(batch)
    return Signals(
        losses=(torch.rand(*batch, M, generator=g, dtype=F64) + 0.05).to(dtype),
        jacobian=torch.randn(*batch, M, N, generator=g, dtype=F64).to(dtype),
        preference=(p / p.sum(-1, keepdim=True)).to(dtype) if preference else None,
        keys=keys,
        steps=torch.zeros_like(keys) + seed,
    )


@pytest.fixture(name="draw")
def draw_fixture():
    return draw
