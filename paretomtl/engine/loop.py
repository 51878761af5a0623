"""The batched loop: many runs of one problem, one tensor program.

Every method of a batch reads the same signal (losses, Gramian, Jacobian, or a whole set), so one step
is one forward pass, the backward passes of that signal, one call a method, one optimizer update. There
is no loop over runs, and the device is waited for only at snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from paretomtl.aggregation.diagnostics import Direction, diagnose
from paretomtl.engine.device import resolve_dtype
from paretomtl.engine.groups import groups_of
from paretomtl.engine.lane import Lane, Reads, Settings, passes_per_step
from paretomtl.engine.lanes import AnalyticLanes, Lanes, Sample
from paretomtl.engine.neural_lanes import NeuralLanes
from paretomtl.engine.optimizers import OPTIMIZERS, Corrections
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.phases import phase
from paretomtl.engine.program import Carried, Numbers, Program, Same
from paretomtl.engine.rates import Rate
from paretomtl.engine.schedule import Clock
from paretomtl.engine.standstill import Standstill
from paretomtl.engine.trajectory import Report, Trajectory
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Signals
from paretomtl.problem import AnalyticProblem, NeuralProblem, Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a batch is: steps made, steps in all (None for a budget of seconds), and its lanes."""

    steps_done: int
    steps_total: int | None
    lanes: int


ProgressCallback = Callable[[Progress], None]


class Seen(NamedTuple):
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


class Batch:
    """The state of one batch while it runs."""

    def __init__(
        self,
        problem: Problem,
        lanes: Sequence[Lane],
        settings: Settings,
        device: torch.device,
        *,
        compiled: bool = False,
        compacting: bool = True,
    ) -> None:
        dtype = resolve_dtype(settings.precision, problem)
        self.lanes = make_lanes(
            problem,
            [lane.seed for lane in lanes],
            members=[lane.member for lane in lanes],
            batch_size=settings.batch_size,
            dtype=dtype,
            device=device,
            mixed=settings.precision == "bfloat16",
        )
        k, m = len(lanes), problem.n_objectives
        self._problem, self.settings = Same(problem), settings
        self.groups = groups_of(lanes, device)
        self.reads = Reads.of(lanes[0].method)
        self.minibatches = lanes[0].method.minibatches
        self._at_representation: NeuralLanes | None = None
        if settings.level == "representation" and isinstance(self.lanes, NeuralLanes):
            self._at_representation = self.lanes
            self.lanes.check_representation()
        preferences = torch.tensor([lane.preference for lane in lanes], dtype=dtype)
        # Passed even when uniform, so that a lane's arithmetic does not depend on its neighbours'.
        self.preference = preferences.to(device)
        self.ideal = problem.ideal.to(dtype=dtype, device=device)
        self.keys = torch.tensor([lane.key for lane in lanes], dtype=torch.int64, device=device)
        self.steps = torch.zeros(k, dtype=torch.int64, device=device)
        self.alive = torch.ones(k, dtype=torch.bool, device=device)
        self.died = torch.full((k,), -1, dtype=torch.int64, device=device)
        lr = torch.tensor([lane.lr for lane in lanes], dtype=torch.float64)
        self.optimizer = OPTIMIZERS[settings.optimizer.name](
            [p.detach() for p in self.lanes.parameters], settings.optimizer, lr
        )
        if self.reads is not Reads.LOSSES:
            self.lanes.check_shared()
        if self.reads is not Reads.LOSSES and not any(self.lanes.shared):
            raise BadInput(
                f"{problem.name!r}: no parameter is shared by its tasks, and {lanes[0].method.name} "
                "combines the gradients by what they share; use a method that reads losses."
            )
        n_shared = sum(
            p[0].numel()
            for p, shared in zip(self.lanes.parameters, self.lanes.shared, strict=True)
            if shared
        )
        for group in self.groups:
            group.state = group.method.init(
                LaneShapes(group.shape, m, n_parameters=n_shared, dtype=dtype, device=device)
            )

        self.clock = Clock(
            settings.budget,
            passes_per_step=self.passes_per_step,
            snapshots=settings.snapshots,
            evaluation=self.lanes.evaluation_cost(
                forward=self.minibatches, backward=self.passes_per_step
            ),
        )
        self.rate = Rate(
            settings.optimizer, total=self.clock.total, n_lanes=k, dtype=dtype, device=device
        )
        self.standstill = None if settings.stop is None else Standstill(settings.stop)
        self._watched = "validation" if isinstance(problem, NeuralProblem) else "test"
        self._members, self._compacting = list(lanes), compacting
        self.samples = self._draw()
        self.seen = Seen()
        self.steps_done = 0
        self._advance = self.advance
        if compiled:
            self._advance = Program(self)
            if isinstance(self.lanes, NeuralLanes):
                self.lanes.compile_evaluation(("evaluation", self._problem, settings.precision))

    @property
    def passes_per_step(self) -> int:
        """Backward passes of one lane in one step."""
        return passes_per_step(self.groups[0].method, self.lanes.n_tasks, self.settings.level)

    def run(self, progress: ProgressCallback | None) -> list[Outcome]:
        """Advance all lanes to the end of the budget, or until each has stopped or diverged."""
        clock, present = self.clock, list(range(self.lanes.n_lanes))
        clock.start()
        trajectory = Trajectory(len(present))
        while True:
            step = self.steps_done
            ended = clock.ended(step)
            check = self.standstill is not None and self.standstill.due(step)
            # Not sooner where all have diverged: where a run's record ends must not depend on the others.
            if ended or check or clock.snapshot_due(step):
                with phase("evaluation"):
                    losses = self.lanes.evaluate()
                if self.standstill is not None and check:
                    self._freeze(self.standstill.stopped(losses[self._watched]))
                going: list[bool] = self.alive.tolist()  # pyright: ignore[reportUnknownVariableType]
                trajectory.snapshot(
                    step,
                    losses,
                    lanes=present,
                    going=going,
                    passes=step * self.passes_per_step,
                    seconds=clock.elapsed(),
                    diagnostics=self.diagnostics() if step else {},
                    reports=self.reports() if step else [],
                )
                self._report(progress, len(present))
                if ended or not any(going):
                    break
                present = self._compact(present, going, trajectory)
            elif clock.report_due():
                self._report(progress, len(present))
            self.step()
        self._leave(trajectory, present)
        return trajectory.outcomes()

    def _report(self, progress: ProgressCallback | None, lanes: int) -> None:
        """Tell how far the batch is."""
        if progress is not None:
            total = self.clock.total
            progress(Progress(steps_done=self.steps_done, steps_total=total, lanes=lanes))

    def _freeze(self, stopped: Tensor) -> None:
        """End lanes that stand still; a set ends as a whole, once none of its members moves."""
        for group in self.groups:
            if group.is_set:
                moving = self.alive[group.lanes] & ~stopped[group.lanes]
                stopped[group.lanes] = ~moving.any()
        self.alive = self.alive & ~stopped

    def _compact(self, present: list[int], going: list[bool], trajectory: Trajectory) -> list[int]:
        """Let the lanes that have ended leave once they are half of the batch; return who is left."""
        wanted = list(going)
        for group in self.groups:
            if group.is_set and any(going[group.lanes]):
                wanted[group.lanes] = [True] * group.n_lanes
        rows = [row for row, wants in enumerate(wanted) if wants]
        if len(rows) == 1 < len(present):  # a lane alone would take other kernels
            rows = sorted([*rows, wanted.index(False)])
        if not self._compacting or 2 * len(rows) > len(present):
            return present
        leaving = [row for row in range(len(present)) if row not in set(rows)]
        self._leave(trajectory, present, leaving)
        self.select(rows)
        return [present[row] for row in rows]

    def _leave(
        self, trajectory: Trajectory, present: list[int], rows: list[int] | None = None
    ) -> None:
        """Hand over what lanes came to: those at some rows, or all."""
        rows = list(range(len(present))) if rows is None else rows
        x, metrics = self.lanes.finish()
        died: list[int] = self.died.tolist()  # pyright: ignore[reportUnknownVariableType]
        trajectory.leave(
            [present[row] for row in rows],
            died=[died[row] for row in rows],
            x=None if x is None else x[rows],
            metrics=[metrics[row] for row in rows],
        )

    def select(self, rows: list[int]) -> None:
        """Go on with some of the lanes alone, given by their places."""
        kept = torch.tensor(rows, device=self.alive.device)
        carried = self.carried
        states = [
            group.selected(own)
            for group in self.groups
            if (own := [row for row in rows if group.lanes.start <= row < group.lanes.stop])
        ]
        self._members = [self._members[row] for row in rows]
        self.groups = groups_of(self._members, self.alive.device)
        self.lanes.select(kept)
        if self.standstill is not None:
            self.standstill.select(kept)

        def part(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.detach()[kept]

        self.carry(
            Carried(
                parameters=[p.detach()[kept] for p in carried.parameters],
                moments=[[p[kept] for p in kind] for kind in carried.moments],
                samples=[tuple(t[kept] for t in sample) for sample in carried.samples],
                fixed={
                    "options": [group.method.tensors for group in self.groups],
                    "frozen": list(self.lanes.frozen),
                    **{name: part(carried.fixed[name]) for name in ("preference", "keys", "lr")},
                },
                replaced={
                    "states": states,
                    **{
                        name: part(carried.replaced[name])
                        for name in ("steps", "alive", "died", "caution")
                    },
                },
                seen=[part(seen) for seen in carried.seen],
            )
        )

    def step(self) -> None:
        """Advance every lane by one update."""
        scheduled = self.rate.scheduled(self.steps_done)
        self._advance(Numbers(scheduled, *self.optimizer.corrections()))
        self.samples = self._draw()
        self.steps_done += 1

    def advance(self, numbers: Numbers) -> None:
        """Make the update itself: a function of this batch's tensors, and changes in them."""
        lanes = self.lanes
        if self.optimizer.look_ahead():
            lanes.project()  # a formula may have no value outside of its bounds
        if self.reads is Reads.LOSSES:
            with phase("forward"):
                losses = lanes.losses(self.samples[0])
            answer = self._combine(self._signals(losses=losses.detach()))
            self.seen = Seen(losses.detach(), None, answer)
            with phase("backward"):
                gradients = lanes.gradients(losses, answer)
        elif self._at_representation is not None:
            losses, gradients = self._through_representation(self._at_representation)
        else:
            losses, blocks = lanes.jacobian(self.samples[0])
            gradients = self._combine_gradients(losses, blocks)
        with phase("checks"):
            finite = torch.isfinite(losses.detach()).all(-1)
            for gradient in gradients:
                # One reduction instead of a mask as large as the network: a sum is finite only if its
                # terms are (an overflowing sum is a lane past saving all the same).
                finite = finite & torch.isfinite(gradient.sum(tuple(range(1, gradient.ndim))))
            self.died = torch.where(self.alive & ~finite, self.steps, self.died)
            self.alive = self.alive & finite
        with torch.no_grad(), phase("update"):
            factor = self.rate.factor(numbers.scheduled, self.seen.gramian)
            corrections = Corrections(numbers.rate, numbers.eps)
            self.optimizer.step(gradients, self.alive, factor, corrections)
            lanes.project()
            self._observe()
        self.steps = self.steps + 1

    @property
    def make(self) -> Hashable:
        """What a step does, its tensors aside: batches of equal makes and shapes share a program."""
        settings = self.settings
        optimizer = replace(settings.optimizer, lr=1.0)  # which is each lane's own
        return (
            self._problem,
            (optimizer, settings.weighted_heads, settings.level, settings.precision),
            tuple((group.method.structure_key, group.shape) for group in self.groups),
        )

    @property
    def carried(self) -> Carried:
        """The tensors that a step reads and changes."""
        return Carried(
            parameters=self.lanes.parameters,
            moments=self.optimizer.moments,
            samples=self.samples,
            fixed={
                "options": [group.method.tensors for group in self.groups],
                "preference": self.preference,
                "keys": self.keys,
                "lr": self.optimizer.lr,
                "frozen": list(self.lanes.frozen),
            },
            replaced=self.replaced,
            seen=list(self.seen),
        )

    def carry(self, tensors: Carried) -> None:
        """Go on with these tensors in place of the present ones."""
        self.lanes.parameters = [p.requires_grad_() for p in tensors.parameters]
        fixed = tensors.fixed
        parameters = [p.detach() for p in tensors.parameters]
        self.optimizer.bind(parameters, tensors.moments, fixed["lr"])
        self.samples = tensors.samples
        self.preference, self.keys = fixed["preference"], fixed["keys"]
        self.lanes.frozen = fixed["frozen"]
        for group, options in zip(self.groups, fixed["options"], strict=True):
            group.method = group.method.holding(options)
        self.replace(tensors.replaced, tensors.seen)

    @property
    def replaced(self) -> dict[str, Any]:
        """The small tensors that a step replaces."""
        return {
            # By name: a method may answer in another order than it began with.
            "states": [dict(sorted(group.state.items())) for group in self.groups],
            "steps": self.steps,
            "alive": self.alive,
            "died": self.died,
            "caution": self.rate.caution,
        }

    def replace(self, replaced: dict[str, Any], seen: Sequence[Tensor | None]) -> None:
        """Go on with the small tensors that a step has answered."""
        for group, state in zip(self.groups, replaced["states"], strict=True):
            group.state = state
        self.steps, self.alive, self.died = (replaced[n] for n in ("steps", "alive", "died"))
        self.rate.caution = replaced["caution"]
        self.seen = Seen(*seen)

    def _draw(self) -> list[Sample]:
        """Return the minibatches of the next step."""
        with phase("minibatch"):
            return [self.lanes.draw() for _ in range(self.minibatches)]

    def _through_representation(self, lanes: NeuralLanes) -> tuple[Tensor, list[Tensor]]:
        """Combine the tasks where the heads begin, and take one pass through what they share."""
        losses, rows, heads, representation = lanes.split(self.samples[0])
        gramian = _inner([rows], [rows])
        whole = self.reads is Reads.JACOBIAN
        signals = self._signals(
            losses=losses,
            gramian=gramian,
            jacobian=rows if whole else None,
            representation=representation.detach().reshape(*representation.shape[:2], -1)
            if whole
            else None,
        )
        answer = self._combine(signals)
        weights = None if self.reads is Reads.JACOBIAN else answer
        self.seen = self._seen(losses, gramian, answer, rows)
        direction = answer if weights is None else _weighted_sum(weights, rows)
        shared = iter(lanes.shared_gradients(representation, direction))
        weighted = self.settings.weighted_heads and weights is not None
        head_weights = weights if weighted else torch.ones_like(losses)
        own = iter(_weighted_sum(head_weights, block) for block in heads)  # pyright: ignore[reportArgumentType]
        return losses, [
            next(shared) if is_shared else next(own).reshape(parameter.shape)
            for parameter, is_shared in zip(lanes.parameters, lanes.shared, strict=True)
        ]

    def _combine_gradients(self, losses: Tensor, blocks: list[Tensor]) -> list[Tensor]:
        """Return the direction for each parameter from every task's gradients [lanes, m, p]."""
        lanes = self.lanes
        shared = [b for b, s in zip(blocks, lanes.shared, strict=True) if s]
        cross = None
        if self.minibatches > 1:
            _, others = lanes.jacobian(self.samples[1])
            cross = _inner(shared, [o for o, s in zip(others, lanes.shared, strict=True) if s])
        jacobian = torch.cat(shared, -1) if self.reads is Reads.JACOBIAN else None
        with phase("Gramian"):
            gramian = _inner(shared, shared)
        signals = self._signals(
            losses=losses, gramian=gramian, cross_gramian=cross, jacobian=jacobian
        )
        answer = self._combine(signals)
        self.seen = self._seen(losses, gramian, answer, jacobian)
        if self.reads is Reads.JACOBIAN:
            parts = iter(torch.split(answer, [b.shape[-1] for b in shared], -1))
            weights = None
        else:
            parts = iter(())
            weights = answer
        ones = torch.ones_like(losses)
        head_weights = weights if self.settings.weighted_heads and weights is not None else ones
        directions: list[Tensor] = []
        with phase("weighted sum"):
            for parameter, block, is_shared in zip(
                lanes.parameters, blocks, lanes.shared, strict=True
            ):
                if is_shared and weights is None:
                    direction = next(parts)
                else:
                    direction = _weighted_sum(weights if is_shared else head_weights, block)  # pyright: ignore[reportArgumentType]
                directions.append(direction.reshape(parameter.shape))
        return directions

    def _seen(
        self, losses: Tensor, gramian: Tensor, answer: Tensor, jacobian: Tensor | None
    ) -> Seen:
        """Return what a step that reads gradients shows; of a direction what it does to each task."""
        if self.reads is not Reads.JACOBIAN or jacobian is None:
            return Seen(losses, gramian, answer)
        inner = torch.stack([(row * answer).sum(-1) for row in jacobian.unbind(1)], -1)
        return Seen(losses, gramian, None, inner, answer.square().sum(-1).sqrt())

    def _signals(self, **signals: Tensor | None) -> Signals:
        return Signals(
            **signals,
            preference=self.preference,
            ideal=self.ideal,
            keys=self.keys,
            steps=self.steps,
        )

    def _combine(self, signals: Signals) -> Tensor:
        """Let each method answer for its own lanes."""
        answers: list[Tensor] = []
        with phase("method"):
            for group in self.groups:
                answer, group.state = group.method.step(group.state, group.view(signals))
                answers.append(answer.reshape(group.n_lanes, -1))
            return answers[0] if len(answers) == 1 else torch.cat(answers)

    def _observe(self) -> None:
        readers = [g for g in self.groups if g.method.reads_next_losses]
        if readers:
            signals = self._signals(losses=self.lanes.losses(self.samples[-1]).detach())
            for group in readers:
                group.state = group.method.observe(group.state, group.view(signals))

    def diagnostics(self) -> dict[str, Tensor]:
        """Return what the latest step shows of the tasks' conflict, by name, lanes in front."""
        losses, gramian, weights, inner, length = self.seen
        if gramian is not None:
            own = None if inner is None or length is None else Direction(inner, length)
            return diagnose(gramian, weights, losses, own)
        return {} if weights is None else {"weights": weights}

    def reports(self) -> list[Report]:
        """Return what the methods tell of themselves after the latest step."""
        signals = self._signals(losses=self.seen.losses)
        found: list[Report] = []
        for group in self.groups:
            told = group.method.report(group.state, group.view(signals))
            rows = range(group.lanes.start, group.lanes.stop)
            flat = {n: v.reshape(len(rows), *v.shape[len(group.shape) :]) for n, v in told.items()}
            found.append(Report(rows, flat))
        return found


def make_lanes(
    problem: Problem,
    seeds: Sequence[int],
    *,
    members: Sequence[int],
    batch_size: int | None,
    dtype: torch.dtype,
    device: torch.device,
    mixed: bool = False,
) -> Lanes:
    """Stack one copy of the problem for each seed, and each member of a set."""
    if isinstance(problem, AnalyticProblem):
        if not problem.card.differentiable:
            raise BadInput(
                f"problem {problem.name!r} is not differentiable: gradient methods cannot run on it."
            )
        return AnalyticLanes(problem, seeds, members=members, dtype=dtype, device=device)
    if isinstance(problem, NeuralProblem):
        return NeuralLanes(
            problem,
            seeds,
            members=members,
            batch_size=batch_size,
            dtype=dtype,
            device=device,
            mixed=mixed,
        )
    raise BadInput(
        f"{type(problem).__name__} must derive from AnalyticProblem or NeuralProblem to be run."
    )


def _inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """Return the sum over parameters of `left @ right^T`, [lanes, m, m]."""
    total = left[0] @ right[0].mT
    for a, b in zip(left[1:], right[1:], strict=True):
        total = total.baddbmm_(a, b.mT)
    return total


def _weighted_sum(weights: Tensor, block: Tensor) -> Tensor:
    """Return `sum_i w_i g_i`, [lanes, p]."""
    return (weights.to(block.dtype).unsqueeze(-2) @ block).squeeze(-2)
