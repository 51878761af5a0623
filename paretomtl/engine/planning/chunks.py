"""Any number of lanes, carried out in chunks that fit: into the cache, and into memory.

Runs are independent (the members of a set aside), so where the lanes are cut changes nothing in their
numbers. A chunk that does not fit into memory after all is halved and begun again.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from dataclasses import replace

import torch

from paretomtl.aggregation.allocator import keep_freed_memory
from paretomtl.engine.batch import Batch
from paretomtl.engine.compiled.graph import REMEMBERED, Same
from paretomtl.engine.device import is_out_of_memory, reduced
from paretomtl.engine.lane import Lane
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.planning.memory import footprint, working_set
from paretomtl.engine.run import Progress, ProgressCallback, Run
from paretomtl.errors import BadInput
from paretomtl.methods.reads import Reads
from paretomtl.problems.base import NeuralProblem, Problem
from paretomtl.sweep.settings import Budget, Settings

log = logging.getLogger(__name__)

ANALYTIC_LANES = 2048
NEURAL_LANES = 128
"""Runs in one batch at the most: past these sizes a step no longer gains (spread over more lanes, a
network's activations fall out of cache), and an interruption would lose more work."""

CACHE = 9_000_000
"""Bytes that a compiled step of networks works on: what is read over and over stays in the processor's
cache, and several small batches one after the other are faster than a large one. Uncompiled steps cost too
much each to be made on few lanes."""

FEWEST = 16
"""Lanes of such a batch all the same, because making a batch and looking at it cost something too."""

STEADY = 4
"""Compiled batches of a cut have a multiple of this many lanes, so that they share a program."""

CANONICAL_ANALYTIC = 64
CANONICAL_NEURAL = 16
"""Lanes of every batch when numbers must not depend on the batch: the same kernels for all."""


def run_lanes(
    problem: Problem,
    lanes: Sequence[Lane],
    settings: Settings,
    *,
    compute: Compute | None = None,
    progress: ProgressCallback | None = None,
) -> list[Outcome]:
    """Advance all lanes to the end of their budget and return one outcome each, in order.

    Raises:
        BadInput: The lanes' methods read different signals, an input does not fit the problem, or the
            memory limit is too small for one lane.
        MemoryError: One lane (or one set) alone does not fit into the memory there is.
    """
    keep_freed_memory()
    compute = compute or Compute()
    outcomes: dict[int, Outcome] = {}
    with compute.applied(), reduced(settings.precision, compute.resolved):
        for chunk in cut(problem, lanes, settings, compute):
            found = _run(problem, [lanes[i] for i in chunk], settings, compute, progress)
            outcomes.update(zip(chunk, found, strict=True))
    return [outcomes[i] for i in range(len(lanes))]


def _largest_chunk(problem: Problem) -> int:
    """Return how many lanes a chunk may have when memory is no matter."""
    return NEURAL_LANES if isinstance(problem, NeuralProblem) else ANALYTIC_LANES


def cut(
    problem: Problem, lanes: Sequence[Lane], settings: Settings, compute: Compute
) -> list[list[int]]:
    """Return the positions of the lanes of each chunk; a set is never cut.

    Raises:
        BadInput: The memory limit is too small for one lane or set.
    """
    blocks: dict[object, list[int]] = {}
    for place, lane in enumerate(lanes):
        blocks.setdefault(lane.member_of or place, []).append(place)
    if _stay_in_cache(problem, lanes, compute):
        limit = _lanes_of_a_chunk(problem, lanes, settings, compute, 1)
        limit = min(limit, _lanes_in_cache(problem, lanes[0], settings))
        n_chunks = -(-len(lanes) // limit)
        # round-robin: an option that differs between lanes then differs within every chunk
        return [list(range(first, len(lanes), n_chunks)) for first in range(n_chunks)]
    kinds: dict[object, list[list[int]]] = {}
    for block in blocks.values():
        kind = repr(lanes[block[0]].method) if compute.deterministic else None
        kinds.setdefault(kind, []).append(block)
    largest = max(map(len, blocks.values()), default=1)
    limit = _lanes_of_a_chunk(problem, lanes, settings, compute, largest)
    chunks: list[list[int]] = []
    for members in kinds.values():
        chunks.append([])
        for block in members:
            if chunks[-1] and len(chunks[-1]) + len(block) > limit:
                chunks.append([])
            chunks[-1].extend(block)
    return chunks


def _stay_in_cache(problem: Problem, lanes: Sequence[Lane], compute: Compute) -> bool:
    """Whether chunks are so small that a compiled step finds everything in the processor's cache.

    Lanes of several methods stay together: every other mixture would be another program.
    """
    return (
        compute.compile
        and not compute.deterministic
        and isinstance(problem, NeuralProblem)
        and compute.resolved.type == "cpu"
        and len({lane.group for lane in lanes}) == 1
        and not lanes[0].member_of
    )


_working_sets: dict[Hashable, int] = {}


def _lanes_in_cache(problem: Problem, lane: Lane, settings: Settings) -> int:
    # what a method does with its signals weighs little beside the signals
    signals = (Reads.of(lane.method), lane.method.minibatches)
    key = (Same(problem), signals, replace(settings, budget=Budget(steps=1)))
    if key not in _working_sets:
        if len(_working_sets) >= REMEMBERED:  # each keeps a problem, and so its data, alive
            _working_sets.clear()
        _working_sets[key] = working_set(problem, lane, settings)
    fitting = CACHE // _working_sets[key] // STEADY * STEADY
    return max(fitting, FEWEST, STEADY * torch.get_num_threads())


def batch_of(
    problem: Problem, lanes: Sequence[Lane], settings: Settings, compute: Compute
) -> tuple[Batch, list[int]]:
    """Return the batch of one chunk, and for each of its places which lane is there.

    Lanes of one method stand side by side; places from `len(lanes)` on are idle copies.
    """
    padded = _padded(problem, lanes, compute)
    order = _method_order(padded)
    batch = Batch(
        problem,
        [padded[i] for i in order],
        settings,
        compute.resolved,
        compiled=compute.compile,
    )
    return batch, order


def predicted_bytes(
    problem: Problem, lanes: Sequence[Lane], settings: Settings, count: int, *, device: torch.device
) -> int:
    """Return the bytes that a chunk of `count` lanes will take at its peak."""
    return footprint(problem, lanes, settings, device=device).of(count)


def _lanes_of_a_chunk(
    problem: Problem,
    lanes: Sequence[Lane],
    settings: Settings,
    compute: Compute,
    largest_set: int,
) -> int:
    most = _canonical(problem) if compute.deterministic else _largest_chunk(problem)
    if compute.limit is None:
        return most
    taken = footprint(problem, lanes, settings, device=compute.resolved)
    # A run alone is carried out beside an idle copy, and a set is never cut.
    least = max(largest_set, 2)
    if compute.deterministic:
        least += -least % most
    fitting = taken.within(compute.limit, max(most, least))
    if fitting < least:
        what = "one lane"
        if largest_set > 1:
            what = f"a set of {largest_set} lanes"
        elif compute.deterministic:
            what = f"{least} lanes, as many as `deterministic` needs"
        raise BadInput(
            f"a memory limit of {compute.limit:,} bytes is too small for {what} of "
            f"{problem.name!r}: at least {taken.of(least):,} are needed."
        )
    return min(most, fitting)


def _run(
    problem: Problem,
    lanes: Sequence[Lane],
    settings: Settings,
    compute: Compute,
    progress: ProgressCallback | None,
) -> list[Outcome]:
    """Carry out one chunk, or its halves when it does not fit."""
    try:
        return _run_chunk(problem, lanes, settings, compute, progress)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if compute.deterministic:  # halves would be filled up again
            least = len(_padded(problem, lanes, compute))
            raise MemoryError(
                f"{least} lanes of {problem.name!r}, as many as `deterministic` needs, do not fit into "
                f"memory: {error}"
            ) from error
        halves = _halves(lanes)
        if len(halves) == 1:
            raise MemoryError(
                f"one lane of {problem.name!r} does not fit into memory: {error}"
            ) from error
        log.warning("%d lanes do not fit into memory; going on with halves.", len(lanes))
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return [o for half in halves for o in _run(problem, half, settings, compute, progress)]


def _run_chunk(
    problem: Problem,
    lanes: Sequence[Lane],
    settings: Settings,
    compute: Compute,
    progress: ProgressCallback | None,
) -> list[Outcome]:
    batch, order = batch_of(problem, lanes, settings, compute)
    wanted = len(lanes)

    def report(done: Progress) -> None:
        if progress is not None:
            progress(replace(done, lanes=wanted))

    compacting = not (compute.compile or compute.deterministic)
    outcomes = Run(batch, compacting=compacting, progress=report).outcomes()
    back = {lane: place for place, lane in enumerate(order)}
    # the idle copies' share of the time is the runs' own
    share = len(order) / wanted
    found = [outcomes[back[lane]] for lane in range(wanted)]
    return [replace(outcome, seconds=outcome.seconds * share) for outcome in found]


def _padded(problem: Problem, lanes: Sequence[Lane], compute: Compute) -> list[Lane]:
    """Fill up with idle copies.

    A batch of one takes other kernels than a batch of many: with a copy beside it, a run alone equals
    the same run in a larger batch. Deterministic batches all have a multiple of the canonical size.
    """
    count = int(len(lanes) == 1)
    if compute.deterministic:
        count = -len(lanes) % _canonical(problem)
    elif len(lanes) > STEADY and _stay_in_cache(problem, lanes, compute):
        count = -len(lanes) % STEADY
    idle = replace(lanes[0], member_of="idle" if lanes[0].member_of else "")
    return [*lanes, *[idle] * count]


def _canonical(problem: Problem) -> int:
    return CANONICAL_NEURAL if isinstance(problem, NeuralProblem) else CANONICAL_ANALYTIC


def _halves(lanes: Sequence[Lane]) -> list[list[Lane]]:
    """Cut in the middle, or at the border of a set next to it."""
    borders = [
        i
        for i in range(1, len(lanes))
        if not lanes[i].member_of or lanes[i].member_of != lanes[i - 1].member_of
    ]
    if not borders:
        return [list(lanes)]
    at = min(borders, key=lambda i: abs(2 * i - len(lanes)))
    return [list(lanes[:at]), list(lanes[at:])]


def _method_order(lanes: Sequence[Lane]) -> list[int]:
    """Return the lanes' positions with equal methods side by side, otherwise in their own order."""
    first: dict[object, int] = {}
    ranks = [first.setdefault(lane.group, len(first)) for lane in lanes]
    return sorted(range(len(lanes)), key=lambda i: ranks[i])
