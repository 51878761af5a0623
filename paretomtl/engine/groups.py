"""The lanes of a batch that one call of a method answers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from paretomtl.engine.lane import Lane
from paretomtl.engine.state import by_name
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, SetMethod, Signals, State
from paretomtl.methods.reads import Reads


@dataclass(frozen=True, kw_only=True)
class Group:
    """The lanes of one method in a batch; of a set method the lanes of one set.

    Args:
        method: With the options of all its lanes.
        lanes: Their places.
        shape: Of what the method is shown: [lanes], or [1, members].
    """

    method: Method
    lanes: slice
    shape: tuple[int, ...]

    @property
    def n_lanes(self) -> int:
        """How many lanes it has."""
        return self.lanes.stop - self.lanes.start

    @property
    def is_set(self) -> bool:
        """Whether its lanes depend on each other."""
        return isinstance(self.method, SetMethod)

    def view(self, signals: Signals) -> Signals:
        """Return this group's part of the signals, in its shape."""

        def part(tensor: Tensor | None) -> Tensor | None:
            if tensor is None:
                return None
            own = tensor[self.lanes]
            return own.reshape(*self.shape, *own.shape[1:]) if len(self.shape) > 1 else own

        return Signals(
            losses=part(signals.losses),
            gramian=part(signals.gramian),
            cross_gramian=part(signals.cross_gramian),
            jacobian=part(signals.jacobian),
            representation=part(signals.representation),
            preference=part(signals.preference),
            ideal=signals.ideal,
            keys=part(signals.keys),
            steps=part(signals.steps),
        )

    def step(
        self, state: State, options: Mapping[str, Tensor], signals: Signals
    ) -> tuple[Tensor, State]:
        """Return the method's answer for its lanes, [lanes, m or n], and its next state."""
        answer, state = self.method.holding(options).step(state, self.view(signals))
        return answer.reshape(self.n_lanes, -1), by_name(state)

    def report(self, state: State, signals: Signals) -> dict[str, Tensor]:
        """Return what the method reports of itself, by name, its lanes in front."""
        found = self.method.report(state, self.view(signals))
        return {n: v.reshape(self.n_lanes, *v.shape[len(self.shape) :]) for n, v in found.items()}

    def selected(self, state: State, rows: Sequence[int]) -> State:
        """Return the method's state for some of its lanes, given by their places in the batch."""
        if self.is_set:  # whole or not at all
            return state
        own = torch.tensor([row - self.lanes.start for row in rows])
        return {name: value[own.to(value.device)] for name, value in state.items()}


def groups_of(lanes: Sequence[Lane], device: torch.device) -> list[Group]:
    """Return the groups of a batch; lanes of one group stand side by side.

    Raises:
        BadInput: The methods read different signals.
    """
    groups: list[Group] = []
    start = 0
    for _, members in groupby(lanes, key=lambda lane: lane.group):
        members = list(members)
        method = type(members[0].method).stack([lane.method for lane in members])
        n = len(members)
        shape = (1, n) if isinstance(method, SetMethod) else (n,)
        own = slice(start, start + n)
        groups.append(Group(method=method.to(device), lanes=own, shape=shape))
        start += n
    signals = {Reads.of(group.method) for group in groups}
    if len(signals) > 1 or len({group.method.minibatches for group in groups}) > 1:
        raise BadInput(
            "the methods of one batch must read the same signal; plan_batches groups them so."
        )
    return groups
