"""A spoiled lane is spoiled as its name says, and the others are not touched."""

from __future__ import annotations

import pytest
import torch

from paretomtl.testing.faults.lanes import SPOILED, spoil


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize("name", ["losses", "jacobian", "gramian", "cross_gramian", "preference"])
def test_one_lane_is_spoiled(what: str, name: str) -> None:
    shape = {"losses": (3, 2), "preference": (3, 2), "jacobian": (3, 2, 4)}.get(name, (3, 2, 2))
    before = torch.rand(shape, dtype=torch.float64)
    value = before.clone()
    after = spoil(name, value, 1, SPOILED[what])
    assert torch.equal(value, before)
    assert torch.equal(after[[0, 2]], before[[0, 2]])
    if name == "preference" or (what == "stationary" and name == "losses"):
        assert torch.equal(after, before)
    elif what == "stationary":
        total = after[1].sum(-2)
        torch.testing.assert_close(total, torch.zeros_like(total), rtol=0, atol=1e-15)
    elif what == "zero" and name == "losses":
        assert bool((after[1] == 1).all())
    else:
        wanted = torch.full_like(after[1], float(SPOILED[what]))
        assert torch.equal(after[1].nan_to_num(7), wanted.nan_to_num(7))
