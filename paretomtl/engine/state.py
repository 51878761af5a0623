"""The tensors of a batch: what a step changes, what it only reads, and what it leaves for diagnostics.

All are values with the lanes in front, so that to select lanes is to index every tensor, and to compile a
step is to compile a function from these values to these values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor
from torch.utils import _pytree as pytree

from paretomtl.methods.base import State

Sample: TypeAlias = tuple[Tensor, ...]
"""The minibatches of all lanes, each tensor [lanes, samples, ...]; empty where there is no data."""


class Copies(NamedTuple):
    """The numbers of the copies, lanes in front.

    Args:
        trained: Parameters that the optimizer updates in place.
        frozen: What differs between the lanes and is not trained.
    """

    trained: list[Tensor]
    frozen: list[Tensor]

    @property
    def n_lanes(self) -> int:
        """How many copies there are."""
        return self.trained[0].shape[0]


class LaneState(NamedTuple):
    """What a step changes.

    Args:
        parameters: Those that are trained; updated in place, since they are large.
        moments: The optimizer's running tensors, by kind and parameter; updated in place as well.
        methods: The state of each group's method, its tensors in the order of their names.
        steps: Updates made, [lanes] int64.
        alive: Which lanes go on, [lanes].
        died: The step at which a lane stopped being finite, [lanes] int64; -1 where it has not.
        caution: The factor of a conflict-aware learning rate, [lanes]; None without one.
    """

    parameters: list[Tensor]
    moments: list[list[Tensor]]
    methods: list[State]
    steps: Tensor
    alive: Tensor
    died: Tensor
    caution: Tensor | None


N_IN_PLACE = 2
"""So many of the first fields of a `LaneState` are updated in place; the others are returned as new tensors. A
compiled step relies on this order: it takes the former once, and the latter anew at every call."""


class LaneInputs(NamedTuple):
    """What a step reads and leaves as it is.

    Args:
        samples: Its minibatches.
        preference: [lanes, m].
        keys: Of the methods' random draws, [lanes] int64.
        lr: Learning rates, [lanes] float64.
        options: The tensors among the options of each group's method.
        frozen: Parameters that are not trained.
    """

    samples: list[Sample]
    preference: Tensor
    keys: Tensor
    lr: Tensor
    options: list[dict[str, Tensor]]
    frozen: list[Tensor]


class Numbers(NamedTuple):
    """What a step needs that is the same for all lanes: the schedule's factor, and the optimizer's corrections."""

    scheduled: float | Tensor
    rate: float | Tensor
    eps: float | Tensor


class LastStep(NamedTuple):
    """What the latest step read and answered, for the diagnostics.

    Args:
        losses: [lanes, m].
        gramian: [lanes, m, m].
        weights: [lanes, m]; None where a method answers with a direction.
        inner: That direction's products with the gradients, [lanes, m].
        length: Its length, [lanes].
    """

    losses: Tensor | None = None
    gramian: Tensor | None = None
    weights: Tensor | None = None
    inner: Tensor | None = None
    length: Tensor | None = None


def copies_of(state: LaneState, inputs: LaneInputs) -> Copies:
    """Return the stacked copies that a state and its inputs hold."""
    return Copies(state.parameters, inputs.frozen)


def by_name(state: State) -> State:
    """Return a method's state in the order of its names: a method may answer in another than it began with."""
    return dict(sorted(state.items()))


def selected(value: Any, rows: Tensor) -> Any:
    """Return nested tensors for some lanes alone, given by their places."""

    def part(leaf: Any) -> Any:
        return leaf.detach()[rows] if isinstance(leaf, Tensor) else leaf

    return pytree.tree_map(part, value)


def leaves(value: Any) -> list[Tensor]:
    """Return the tensors in a nested value, in its order."""
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


class Form:
    """The form of nested tensors, and how to fill it with others."""

    def __init__(self, value: Any) -> None:
        flat, self._form = pytree.tree_flatten(value)
        self.tensors: list[Tensor] = [leaf for leaf in flat if isinstance(leaf, Tensor)]
        self._is_tensor = [isinstance(leaf, Tensor) for leaf in flat]

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        """Return the nest with these tensors in their order, and None elsewhere."""
        given = iter(tensors)
        flat = [next(given) if there else None for there in self._is_tensor]
        return pytree.tree_unflatten(flat, self._form)
