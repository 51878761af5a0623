"""Batches in this process: in order, each only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from paretomtl.engine import Compute, Progress
from paretomtl.executors import Local
from paretomtl.sweep.spec import RunSpec


def test_batches_run_one_by_one_as_they_are_asked_for(
    sweep: Callable[..., list[RunSpec]], on_batch: Callable[[Callable[[object], None]], None]
) -> None:
    batches, begun = [sweep(3), sweep(4)], []
    on_batch(begun.append)
    places: set[int] = set()

    def progress(place: int, _: Progress) -> None:
        places.add(place)

    running = Local().run(batches, compute=Compute(), progress=progress)
    first = next(running)
    assert len(begun) == 1
    assert (first.place, [record.spec for record in first.records]) == (0, batches[0])
    second = next(running)
    assert (second.place, [record.spec for record in second.records]) == (1, batches[1])
    assert list(running) == []
    assert places == {0, 1}
