"""Which samples each seed sees at each step: shared by the lanes of one seed, never by the batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from paretomtl.engine.seeding import generator
from paretomtl.sweep.fit import check_batch_size


class Minibatches:
    """Endless shuffled epochs of one data set, one stream a seed.

    Args:
        n_samples: Size of the data set.
        batch_size: Samples in a minibatch; an epoch drops its incomplete last one.
        seeds: The different seeds.
        lanes: For each lane the position of its seed in `seeds`, [lanes] int64.
        device: Where the indices are wanted.

    Raises:
        BadInput: The batch is empty or larger than the data set.
    """

    def __init__(
        self,
        n_samples: int,
        batch_size: int,
        *,
        seeds: Sequence[int],
        lanes: Tensor,
        device: torch.device,
    ) -> None:
        check_batch_size(batch_size, n_samples)
        self._n_samples = n_samples
        self.batch_size = batch_size
        self._generators = [generator(seed, "minibatches") for seed in seeds]
        self._lanes = lanes.to(device)
        self._device = device
        self._epoch: Tensor | None = None
        self._next = 0

    def next(self) -> Tensor:
        """Return the sample indices of the next step, [lanes, batch_size] int64."""
        if self._epoch is None or self._next == self._epoch.shape[1]:
            self._epoch = self._shuffle()
            self._next = 0
        indices = self._epoch[:, self._next]
        self._next += 1
        return indices.index_select(0, self._lanes)

    def select(self, rows: Tensor) -> None:
        """Go on for some of the lanes."""
        self._lanes = self._lanes[rows]

    def _shuffle(self) -> Tensor:
        n_batches = self._n_samples // self.batch_size
        orders = torch.stack(
            [torch.randperm(self._n_samples, generator=g) for g in self._generators]
        )
        kept = orders[:, : n_batches * self.batch_size]
        return kept.reshape(len(orders), n_batches, self.batch_size).to(self._device)
