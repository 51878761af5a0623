"""One update of all lanes of a batch, from top to bottom: look ahead, passes, method, checks, update, observe.

A step is a function from tensors to tensors. There is no loop over runs, and the device is not waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.engine.combine import Pass
from paretomtl.engine.lanes.base import Copies, Lanes
from paretomtl.engine.optimizers.rates import Rate
from paretomtl.engine.optimizers.stacked import Corrections, StackedOptimizer
from paretomtl.engine.phases import phase
from paretomtl.engine.state import LaneInputs, LaneState, LastStep, Numbers, by_name, copies_of
from paretomtl.methods.base import State


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a batch does at every step.

    Args:
        lanes: How losses and gradients follow from the copies.
        passes: How they become a direction for each parameter.
        optimizer: How directions move the parameters.
        rate: How the learning rate changes.
    """

    lanes: Lanes
    passes: Pass
    optimizer: StackedOptimizer
    rate: Rate

    def numbers(self, step: int) -> Numbers:
        """Return what a step needs that follows from its number alone; the first is 0."""
        return Numbers(self.rate.scheduled(step), *self.optimizer.corrections(step))

    def __call__(
        self, state: LaneState, inputs: LaneInputs, numbers: Numbers
    ) -> tuple[LaneState, LastStep]:
        """Make one update; parameters and moments change in place.

        Returns:
            The state after it, and what the step read and answered.
        """
        for parameter in state.parameters:
            parameter.requires_grad_()
        parameters = [p.detach() for p in state.parameters]
        moved, origin = Copies(parameters, inputs.frozen), None
        if self.optimizer.looks_ahead:
            with torch.no_grad():
                origin = self.optimizer.look_ahead(parameters, state.moments)
                self.lanes.project(moved)  # a formula may have no value outside of its bounds
        gradients, methods, last = self.passes.combine(state, inputs)
        with phase("checks"):
            finite = _finite(last, gradients)
            died = torch.where(state.alive & ~finite, state.steps, state.died)
            alive = state.alive & finite
        with torch.no_grad(), phase("update"):
            factor, caution = self.rate.factor(numbers.scheduled, state.caution, last.gramian)
            self.optimizer.step(
                parameters,
                state.moments,
                gradients,
                lr=inputs.lr,
                alive=alive,
                factor=factor,
                corrections=Corrections(numbers.rate, numbers.eps),
                origin=origin,
            )
            self.lanes.project(moved)
            if any(group.method.reads_next_losses for group in self.passes.groups):
                methods = self._observed(methods, state, inputs)
        return LaneState(
            state.parameters, state.moments, methods, state.steps + 1, alive, died, caution
        ), last

    def _observed(
        self, methods: Sequence[State], state: LaneState, inputs: LaneInputs
    ) -> list[State]:
        """Return the methods' states updated with the losses after the step, where they read them."""
        losses = self.lanes.losses(copies_of(state, inputs), inputs.samples[-1]).detach()
        signals = self.passes.signals(state, inputs, losses=losses)
        return [
            by_name(group.method.holding(options).observe(own, group.view(signals)))
            if group.method.reads_next_losses
            else own
            for group, own, options in zip(self.passes.groups, methods, inputs.options, strict=True)
        ]


def _finite(last: LastStep, gradients: Sequence[Tensor]) -> Tensor:
    """Return which lanes have finite losses and gradients, [lanes]."""
    assert last.losses is not None
    finite = torch.isfinite(last.losses).all(-1)
    for gradient in gradients:
        # One reduction instead of a mask as large as the network: a sum is finite only if its terms are
        # (an overflowing sum is a lane that has diverged anyway).
        finite = finite & torch.isfinite(gradient.sum(tuple(range(1, gradient.ndim))))
    return finite
