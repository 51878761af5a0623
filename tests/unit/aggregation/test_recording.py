"""Whether operations are recorded: nested, restored, and known to `torch.compile`."""

from __future__ import annotations

import pytest
import torch

from paretomtl.aggregation.recording import recorded, recording


def test_only_inside():
    assert not recorded()
    with recording():
        assert recorded()
    assert not recorded()


def test_the_inner_block_does_not_end_the_outer_one():
    with recording():
        with recording():
            assert recorded()
        assert recorded()
    assert not recorded()


def test_restored_when_the_block_raises():
    with pytest.raises(RuntimeError, match="within"), recording():
        raise RuntimeError("within")
    assert not recorded()


@pytest.mark.slow
def test_a_compiler_records():
    def step(x):
        return x + 1 if recorded() else x - 1

    torch.compiler.reset()
    compiled = torch.compile(step, fullgraph=True, backend="eager")
    assert compiled(torch.zeros(())) == 1
    assert step(torch.zeros(())) == -1
