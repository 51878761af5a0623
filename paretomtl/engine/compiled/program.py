"""A whole step as one compiled tensor program.

A step is a function of tensors: forward pass, backward passes, method, checks, optimizer. What it changes
large it changes in place (parameters, moments); what it changes small (masks, counters, methods' states) it
returns. Batches that do the same share a program: whatever differs between them is an input.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from paretomtl.engine.compiled.graph import Recorded, need_compiler, recorded_graph, remember
from paretomtl.engine.state import (
    N_IN_PLACE,
    Form,
    LaneInputs,
    LaneState,
    LastStep,
    Numbers,
    leaves,
)

PAD = 16
"""Numbers left free behind each lane's part of a parameter, at least, in a compiled program."""

StepFunction: TypeAlias = "Callable[[LaneState, LaneInputs, Numbers], tuple[LaneState, LastStep]]"

_NUMBERS = Numbers(1.0, 1.0, 1e-8)
"""An example of a step's numbers, to record with. They are tensors without axes, inputs like others: as Python
numbers they would become constants of the program, and every step would need one of its own."""


class Program:
    """The step of one batch, compiled; called in place of the step itself.

    Compiling takes from some seconds to about a minute. A later batch that does the same with equal shapes
    takes the program as it is; torch keeps the result on disk for later processes.

    Args:
        step: The step.
        what: What it does, its tensors aside.
        state: What the batch begins with, laid out by `with_gaps`; the tensors that a step updates in place
            have to be these at every call.
        inputs: Likewise; but for the samples, they have to be these at every call.

    Raises:
        BadInput: There is no compiler, or the step cannot be recorded because something in it looks at
            numbers.
    """

    def __init__(
        self, step: StepFunction, what: Hashable, state: LaneState, inputs: LaneInputs
    ) -> None:
        need_compiler(state.parameters[0].device)
        self._program = remember(
            what,
            _flat(state, inputs, _NUMBERS),
            lambda: _record(step, state, inputs),
        )
        self._in_place = [t.detach() for t in leaves(state[:N_IN_PLACE])]
        self._fixed = leaves(inputs[1:])
        self._layout: list[tuple[int, ...]] | None = None

    def __call__(
        self, state: LaneState, inputs: LaneInputs, numbers: Numbers
    ) -> tuple[LaneState, LastStep]:
        """Make one step."""
        # In the order of `_flat`, without taking apart what never changes.
        replaced = leaves(state[N_IN_PLACE:])
        samples = [t for sample in inputs.samples for t in sample]
        layout = [t.stride() for t in samples] + [t.stride() for t in replaced]
        if self._layout is None:
            self._layout = layout
        if layout != self._layout:  # the program itself does not look
            raise RuntimeError("a compiled step was given tensors of another layout.")
        with torch.no_grad():
            changed = self._program.call(
                *self._in_place,
                *replaced,
                *samples,
                *self._fixed,
                *(torch.tensor(n, dtype=torch.float64) for n in numbers),
                *self._program.constants,
            )
        replaced, last = self._program.answer[0].filled(changed)
        return LaneState(*state[:N_IN_PLACE], *replaced), LastStep(*last)


def with_gaps(state: LaneState) -> LaneState:
    """Return a state whose large tensors have a gap behind each lane, and whose small ones are in plain order.

    Inductor writes an update in place only where its loops have the same shape as the tensor; without
    the gap it merges lanes and numbers into one long loop, and copies everything once more.
    """
    plain = pytree.tree_map(_contiguous, tuple(state[N_IN_PLACE:]))
    parameters = [_with_gap(p) for p in state.parameters]
    moments = [[_with_gap(p) for p in kind] for kind in state.moments]
    return LaneState(parameters, moments, *plain)


def _flat(state: LaneState, inputs: LaneInputs, numbers: Numbers) -> list[Tensor]:
    return [t.detach() for t in _form(state, inputs, numbers).tensors]


def _form(state: LaneState, inputs: LaneInputs, numbers: Numbers) -> Form:
    factors = Numbers(*(torch.as_tensor(n, dtype=torch.float64) for n in numbers))
    return Form((state, inputs, factors))


def _record(step: StepFunction, state: LaneState, inputs: LaneInputs) -> Recorded:
    """Record one step on copies; beside the graph, remember the form of what it answers."""
    form = _form(state, inputs, _NUMBERS)
    answer: list[Form] = []

    def flat_step(*flat: Tensor) -> list[Tensor]:
        after, last = step(*form.filled(flat))
        answer[:] = [Form((tuple(after[N_IN_PLACE:]), tuple(last)))]
        # A view of an input would have to be made anew, outside of the program, at each call. What is
        # replaced is the next call's input, and has to lie in memory as the first one's did, which a
        # compiler does not know: it may prefer another order for what it computes.
        given = {t.untyped_storage().data_ptr() for t in flat}
        return [
            t.clone(memory_format=torch.contiguous_format)
            if t.ndim > 1 or t.untyped_storage().data_ptr() in given
            else t
            for t in answer[0].tensors
        ]

    # Copies with the gaps of the originals: what can be viewed depends on them.
    copies = [
        torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device=t.device).copy_(t)
        for t in _flat(state, inputs, _NUMBERS)
    ]
    return recorded_graph(flat_step, copies, answer)


def _contiguous(leaf: Any) -> Any:
    return leaf.contiguous() if isinstance(leaf, Tensor) else leaf


def _with_gap(tensor: Tensor) -> Tensor:
    size = tensor[0].numel()
    room = tensor.new_zeros(len(tensor), -(-(size + PAD) // PAD) * PAD)
    home = room[:, :size].view(tensor.shape)
    home.copy_(tensor.detach())
    return home
