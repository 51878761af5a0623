"""A seed's minibatches belong to the seed, not to the batch of lanes."""

from __future__ import annotations

import pytest
import torch

from paretomtl.engine.lanes.minibatches import Minibatches
from paretomtl.errors import BadInput

CPU = torch.device("cpu")


def _stream(seeds: list[int], lanes: list[int], n: int) -> torch.Tensor:
    batches = Minibatches(20, 6, seeds=seeds, lanes=torch.tensor(lanes), device=CPU)
    return torch.stack([batches.next() for _ in range(n)])


def test_lanes_of_one_seed_share_their_minibatches() -> None:
    stream = _stream([3, 5], [0, 1, 0, 1], 7)
    assert torch.equal(stream[:, 0], stream[:, 2])
    assert torch.equal(stream[:, 1], stream[:, 3])
    assert not torch.equal(stream[:, 0], stream[:, 1])


def test_a_seeds_stream_does_not_depend_on_the_others() -> None:
    assert torch.equal(_stream([3, 5], [0, 1], 9)[:, 1], _stream([5], [0], 9)[:, 0])


def test_an_epoch_shows_each_sample_at_most_once() -> None:
    stream = _stream([3], [0], 6)[:, 0]
    for epoch in stream.reshape(2, 18):
        assert len(set(epoch.tolist())) == 18
    assert not torch.equal(stream[:3], stream[3:])


@pytest.mark.parametrize("size", [0, 21])
def test_an_impossible_batch_size_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="between 1 and the 20 training samples"):
        Minibatches(20, size, seeds=[0], lanes=torch.tensor([0]), device=CPU)
