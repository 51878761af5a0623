"""How the tasks' losses or gradients become one direction for each parameter.

There is one kind of pass for each signal that methods read. It takes the forward and backward passes of
that signal, lets each method answer for its own lanes, and applies the answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from paretomtl.engine.groups import Group
from paretomtl.engine.lanes.base import Lanes
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.phases import phase
from paretomtl.engine.state import LaneInputs, LaneState, LastStep, copies_of
from paretomtl.methods.base import Signals, State
from paretomtl.methods.reads import Reads
from paretomtl.sweep.settings import Heads, Settings


class Combined(NamedTuple):
    """The result of a pass.

    Args:
        gradients: The direction that each parameter descends along, lanes in front.
        methods: The next state of each group's method.
        last: What was read and answered, for the diagnostics; its losses are always there.
    """

    gradients: list[Tensor]
    methods: list[State]
    last: LastStep


@dataclass(frozen=True, kw_only=True)
class Pass(ABC):
    """The passes of one signal through the copies, combined by the methods that read it.

    Args:
        groups: The methods and their lanes.
        ideal: The problem's ideal point, [m].
        heads: Whether weights also scale the task-specific parameters.
        minibatches: How many the methods read.
        whole: Whether they read the Jacobian itself, and answer with a direction.
    """

    groups: Sequence[Group]
    ideal: Tensor
    heads: Heads
    minibatches: int
    whole: bool

    @abstractmethod
    def combine(self, state: LaneState, inputs: LaneInputs) -> Combined:
        """Take the passes, ask the methods, and return a direction for each parameter."""

    def signals(self, state: LaneState, inputs: LaneInputs, **shown: Tensor | None) -> Signals:
        """Return what methods are shown: these signals, and what belongs to the lanes."""
        return Signals(
            **shown,
            preference=inputs.preference,
            ideal=self.ideal,
            keys=inputs.keys,
            steps=state.steps,
        )

    def answers(
        self, state: LaneState, inputs: LaneInputs, signals: Signals
    ) -> tuple[Tensor, list[State]]:
        """Call each method on its own lanes: [lanes, m] weights or directions [lanes, n], and the next states."""
        with phase("method"):
            found = [
                group.step(own, options, signals)
                for group, own, options in zip(
                    self.groups, state.methods, inputs.options, strict=True
                )
            ]
            first = found[0][0]
            answer = first if len(found) == 1 else torch.cat([answer for answer, _ in found])
            return answer, [own for _, own in found]

    def head_weights(self, weights: Tensor | None, losses: Tensor) -> Tensor:
        """Return what scales each task's gradient by its own parameters, [lanes, m]."""
        if self.heads == "weighted" and weights is not None:
            return weights
        return torch.ones_like(losses)

    def shown(
        self, losses: Tensor, gramian: Tensor, answer: Tensor, jacobian: Tensor | None
    ) -> LastStep:
        """Return what a step by gradients shows: the weights, or what a direction does to each task."""
        if not self.whole or jacobian is None:
            return LastStep(losses, gramian, answer)
        inner = torch.stack([(row * answer).sum(-1) for row in jacobian.unbind(1)], -1)
        return LastStep(losses, gramian, None, inner, answer.square().sum(-1).sqrt())


@dataclass(frozen=True, kw_only=True)
class LossPass(Pass):
    """For methods that read losses: one forward pass, and one backward pass through the weighted sum."""

    lanes: Lanes

    def combine(self, state: LaneState, inputs: LaneInputs) -> Combined:
        """Weigh the losses and follow the gradient of their sum."""
        copies = copies_of(state, inputs)
        with phase("forward"):
            losses = self.lanes.losses(copies, inputs.samples[0])
        shown = losses.detach()
        weights, methods = self.answers(state, inputs, self.signals(state, inputs, losses=shown))
        with phase("backward"):
            gradients = self.lanes.gradients(copies, losses, weights)
        return Combined(gradients, methods, LastStep(shown, None, weights))


@dataclass(frozen=True, kw_only=True)
class GradientPass(Pass):
    """For methods that read the Gramian or the Jacobian over the shared parameters: a pass a task."""

    lanes: Lanes

    def combine(self, state: LaneState, inputs: LaneInputs) -> Combined:
        """Take every task's gradient, and combine those by what the tasks share."""
        copies, is_shared = copies_of(state, inputs), self.lanes.shared
        losses, blocks = self.lanes.jacobian(copies, inputs.samples[0])
        shared = [b for b, s in zip(blocks, is_shared, strict=True) if s]
        # J1 J2^T of two minibatches is unbiased for J J^T where J J^T of one is not. Only what methods read,
        # the shared parameters, takes the second one; heads follow the first.
        cross = None
        if self.minibatches > 1:
            _, others = self.lanes.jacobian(copies, inputs.samples[1])
            cross = _inner(shared, [o for o, s in zip(others, is_shared, strict=True) if s])
        jacobian = torch.cat(shared, -1) if self.whole else None
        with phase("Gramian"):
            gramian = _inner(shared, shared)
        signals = self.signals(
            state, inputs, losses=losses, gramian=gramian, cross_gramian=cross, jacobian=jacobian
        )
        answer, methods = self.answers(state, inputs, signals)
        weights = None if self.whole else answer
        own = self.head_weights(weights, losses)
        parts = iter(torch.split(answer, [b.shape[-1] for b in shared], -1) if self.whole else ())
        gradients: list[Tensor] = []
        with phase("weighted sum"):
            for p, block, in_common in zip(copies.trained, blocks, is_shared, strict=True):
                if in_common and weights is None:
                    gradient = next(parts)
                else:
                    gradient = _weighted_sum(weights if in_common else own, block)  # pyright: ignore[reportArgumentType]
                gradients.append(gradient.reshape(p.shape))
        return Combined(gradients, methods, self.shown(losses, gramian, answer, jacobian))


@dataclass(frozen=True, kw_only=True)
class RepresentationPass(Pass):
    """For the level of the representation: a pass a task through its head, and one through the trunk."""

    lanes: NeuralLanes

    def combine(self, state: LaneState, inputs: LaneInputs) -> Combined:
        """Combine the tasks where the heads begin, and take one pass through what they share."""
        copies = copies_of(state, inputs)
        losses, rows, heads, representation = self.lanes.split(copies, inputs.samples[0])
        gramian = _inner([rows], [rows])
        features = representation.detach().reshape(*representation.shape[:2], -1)
        signals = self.signals(
            state,
            inputs,
            losses=losses,
            gramian=gramian,
            jacobian=rows if self.whole else None,
            representation=features if self.whole else None,
        )
        answer, methods = self.answers(state, inputs, signals)
        weights = None if self.whole else answer
        direction = answer if weights is None else _weighted_sum(weights, rows)
        trunk = iter(self.lanes.shared_gradients(copies, representation, direction))
        scale = self.head_weights(weights, losses)
        own = iter(_weighted_sum(scale, block) for block in heads)
        gradients = [
            next(trunk) if in_common else next(own).reshape(p.shape)
            for p, in_common in zip(copies.trained, self.lanes.shared, strict=True)
        ]
        return Combined(gradients, methods, self.shown(losses, gramian, answer, rows))


def pass_of(lanes: Lanes, groups: Sequence[Group], settings: Settings, ideal: Tensor) -> Pass:
    """Return the pass of the signal that the methods of a batch read."""
    method = groups[0].method
    reads = Reads.of(method)
    common: dict[str, Any] = {
        "groups": groups,
        "ideal": ideal,
        "heads": settings.heads,
        "minibatches": method.minibatches,
        "whole": reads is Reads.JACOBIAN,
    }
    if reads is Reads.LOSSES:
        return LossPass(lanes=lanes, **common)
    if settings.level == "representation" and isinstance(lanes, NeuralLanes):
        return RepresentationPass(lanes=lanes, **common)
    return GradientPass(lanes=lanes, **common)


def _inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """Return the sum over parameters of `left @ right^T`, [lanes, m, m]."""
    total = left[0] @ right[0].mT
    for a, b in zip(left[1:], right[1:], strict=True):
        total = total.baddbmm_(a, b.mT)
    return total


def _weighted_sum(weights: Tensor, block: Tensor) -> Tensor:
    """Return `sum_i w_i g_i`, [lanes, p]."""
    return (weights.to(block.dtype).unsqueeze(-2) @ block).squeeze(-2)
