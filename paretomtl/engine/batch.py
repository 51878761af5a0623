"""Many runs of one problem as lanes of one tensor program.

Every method of a batch reads the same signal (losses, Gramian, Jacobian, or a whole set), so one step
is one forward pass, the backward passes of that signal, one call a method, one optimizer update.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import torch

from paretomtl.aggregation.diagnostics import Direction, diagnose
from paretomtl.engine.clock import steps_of
from paretomtl.engine.combine import pass_of
from paretomtl.engine.compiled.graph import Same
from paretomtl.engine.compiled.program import Program, StepFunction, with_gaps
from paretomtl.engine.device import resolve_dtype
from paretomtl.engine.groups import Group, groups_of
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.kinds import stacked
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.optimizers import optimizer_of
from paretomtl.engine.optimizers.rates import Rate
from paretomtl.engine.phases import phase
from paretomtl.engine.state import LaneInputs, LaneState, LastStep, by_name, copies_of, selected
from paretomtl.engine.step import Step
from paretomtl.engine.trajectory import Report
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes
from paretomtl.methods.reads import Reads
from paretomtl.problems.base import Problem
from paretomtl.sweep.fit import passes_per_step
from paretomtl.sweep.settings import Budget, Settings


class Batch:
    """The lanes of one batch: their state, what they read, and the step that advances them.

    Args:
        problem: What is optimized.
        members: The runs; those of one method, and of one set, side by side.
        settings: What they have in common.
        device: Where the tensors lie.
        compiled: Whether steps, and the evaluation of networks, are compiled.

    Raises:
        BadInput: The methods read different signals, or combine gradients by what tasks share where
            they share nothing.
        Unfit: The problem's network cannot be stacked.
    """

    state: LaneState
    """What a step changes."""
    inputs: LaneInputs
    """What it reads."""
    last: LastStep
    """What the latest one read and returned."""

    def __init__(
        self,
        problem: Problem,
        members: Sequence[Lane],
        settings: Settings,
        device: torch.device,
        *,
        compiled: bool = False,
    ) -> None:
        self.problem, self.settings, self.device = problem, settings, device
        self.dtype = resolve_dtype(settings.precision, problem)
        self.members = list(members)
        self.lanes = stacked(problem, members, settings, dtype=self.dtype, device=device)
        self.groups = groups_of(members, device)
        self.steps_done = 0
        self.last = LastStep()
        self._check_shared()
        self._step = self._make_step()
        self.state, self.inputs = self._begin()
        self._advance: StepFunction = self._step
        if compiled:
            self._compile()

    @property
    def passes_per_step(self) -> int:
        """Backward passes of one lane in one step."""
        method = self.groups[0].method
        return passes_per_step(method, self.lanes.n_tasks, self.settings.level)

    @property
    def total(self) -> int | None:
        """Steps that the budget holds; None where it is in seconds."""
        return steps_of(self.settings.budget, self.passes_per_step)

    def step(self) -> None:
        """Advance every lane by one update."""
        numbers = self._step.numbers(self.steps_done)
        self.state, self.last = self._advance(self.state, self.inputs, numbers)
        self.inputs = self.inputs._replace(samples=self._draw())
        self.steps_done += 1

    def evaluate(self) -> dict[str, torch.Tensor]:
        """Return the losses on each split, split name to [lanes, m]."""
        return self.lanes.evaluate(copies_of(self.state, self.inputs))

    def finish(self) -> tuple[torch.Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return the final points [lanes, n] where they are kept, and the metrics of each lane."""
        return self.lanes.finish(copies_of(self.state, self.inputs))

    def end(self, ended: torch.Tensor) -> None:
        """Stop some lanes, [lanes]."""
        self.state = self.state._replace(alive=self.state.alive & ~ended)

    def select(self, rows: Sequence[int]) -> None:
        """Keep only some of the lanes, given by their places; not where steps are compiled."""
        methods = [
            group.selected(state, own)
            for group, state in zip(self.groups, self.state.methods, strict=True)
            if (own := [row for row in rows if group.lanes.start <= row < group.lanes.stop])
        ]
        kept = torch.tensor(rows, device=self.device)
        self.members = [self.members[row] for row in rows]
        self.groups = groups_of(self.members, self.device)
        self.lanes.select(kept)
        options = [group.method.tensors for group in self.groups]
        self.state = selected(self.state._replace(methods=[]), kept)._replace(methods=methods)
        self.inputs = selected(self.inputs._replace(options=[]), kept)._replace(options=options)
        self.last = selected(self.last, kept)
        self._step = self._advance = self._make_step()

    def diagnostics(self) -> dict[str, torch.Tensor]:
        """Return what the latest step shows of the tasks' conflict, by name, lanes in front."""
        losses, gramian, weights, inner, length = self.last
        if gramian is not None:
            own = None if inner is None or length is None else Direction(inner, length)
            return diagnose(gramian, weights, losses, own)
        return {} if weights is None else {"weights": weights}

    def reports(self) -> list[Report]:
        """Return what the methods report of themselves after the latest step."""
        signals = self._step.passes.signals(self.state, self.inputs, losses=self.last.losses)
        return [
            Report(range(group.lanes.start, group.lanes.stop), group.report(state, signals))
            for group, state in zip(self.groups, self.state.methods, strict=True)
        ]

    def _check_shared(self) -> None:
        method = self.groups[0].method
        if self.settings.level == "representation" and isinstance(self.lanes, NeuralLanes):
            self.lanes.check_representation()
        if Reads.of(method) is Reads.LOSSES:
            return
        self.lanes.check_shared()
        if not any(self.lanes.shared):
            raise BadInput(
                f"{self.problem.name!r}: no parameter is shared by its tasks, and {method.name} "
                "combines the gradients by what they share; use a method that reads losses."
            )

    def _make_step(self) -> Step:
        ideal = self.problem.ideal.to(dtype=self.dtype, device=self.device)
        return Step(
            lanes=self.lanes,
            passes=pass_of(self.lanes, self.groups, self.settings, ideal),
            optimizer=optimizer_of(self.settings.optimizer),
            rate=Rate.of(self.settings.optimizer, self.total),
        )

    def _begin(self) -> tuple[LaneState, LaneInputs]:
        k, device = len(self.members), self.device
        copies = self.lanes.take_initial()
        # Passed even when uniform, so that a lane's arithmetic does not depend on its neighbours'.
        preference = [lane.preference for lane in self.members]
        inputs = LaneInputs(
            samples=self._draw(),
            preference=torch.tensor(preference, dtype=self.dtype).to(device),
            keys=torch.tensor(
                [lane.key for lane in self.members], dtype=torch.int64, device=device
            ),
            lr=torch.tensor([lane.lr for lane in self.members], dtype=torch.float64).to(device),
            options=[group.method.tensors for group in self.groups],
            frozen=copies.frozen,
        )
        state = LaneState(
            parameters=copies.trained,
            moments=self._step.optimizer.moments(copies.trained),
            methods=[self._initial(group, copies.trained) for group in self.groups],
            steps=torch.zeros(k, dtype=torch.int64, device=device),
            alive=torch.ones(k, dtype=torch.bool, device=device),
            died=torch.full((k,), -1, dtype=torch.int64, device=device),
            caution=self._step.rate.caution(k, dtype=self.dtype, device=device),
        )
        return state, inputs

    def _initial(self, group: Group, parameters: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        shared = zip(parameters, self.lanes.shared, strict=True)
        shapes = LaneShapes(
            group.shape,
            self.lanes.n_tasks,
            n_parameters=sum(p[0].numel() for p, is_shared in shared if is_shared),
            dtype=self.dtype,
            device=self.device,
        )
        return by_name(group.method.init(shapes))

    def _draw(self) -> list[tuple[torch.Tensor, ...]]:
        """Return the minibatches of the next step."""
        with phase("minibatch"):
            return [self.lanes.draw() for _ in range(self.groups[0].method.minibatches)]

    def _compile(self) -> None:
        same = Same(self.problem)
        self.state = with_gaps(self.state)
        self._advance = Program(self._step, self._what(same), self.state, self.inputs)
        if isinstance(self.lanes, NeuralLanes):
            copies = copies_of(self.state, self.inputs)
            self.lanes.compile_evaluation(
                copies, what=("evaluation", same, self.settings.precision)
            )

    def _what(self, problem: Same) -> Hashable:
        """Return what a step does, its tensors aside: batches for which it is equal share a program."""
        # Whatever is no input of the step is part of it: a new setting counts unless it is named here. The
        # learning rate is each lane's own; when a run ends and when it is evaluated is not up to the step.
        settings = replace(
            self.settings,
            optimizer=replace(self.settings.optimizer, lr=1.0),
            budget=Budget(steps=1),
            batch_size=None,
            snapshots=None,
            stop=None,
        )
        methods = tuple((group.method.structure_key, group.shape) for group in self.groups)
        return problem, settings, methods
