"""However lanes are cut into chunks, their numbers are the same; memory is kept to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning import chunks
from paretomtl.engine.planning.chunks import cut, predicted_bytes, run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


SETTINGS = Settings(optimizer=Optimizer(lr=0.01), budget=Budget(steps=6), snapshots=4)


def lanes_of(methods: list[Any], count: int, **fields: Any) -> list[Lane]:
    return [
        Lane(
            method=methods[k % len(methods)],
            preference=((k % 7) / 6, 1 - (k % 7) / 6),
            seed=k % 3,
            key=k,
            lr=0.01,
            **fields,
        )
        for k in range(count)
    ]


def assert_same(ours: list[Outcome], theirs: list[Outcome]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert one.status == other.status
        for split, values in one.losses.items():
            np.testing.assert_array_equal(values, other.losses[split])
        for name, values in one.diagnostics.items():
            np.testing.assert_array_equal(values, other.diagnostics[name], err_msg=name)


@pytest.mark.parametrize("names", [["linear", "tchebycheff"], ["mgda", "upgrad", "pcgrad"]])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adamw"])
def test_deterministic_lanes_are_equal_to_the_bit_however_cut(
    tiny_network: Any, names: list[str], optimizer: Any
) -> None:
    settings = Settings(
        optimizer=Optimizer(name=optimizer, lr=0.01), budget=Budget(steps=6), snapshots=4
    )
    lanes = lanes_of([pm.method(name) for name in names], 40)
    compute = Compute(device="cpu", deterministic=True)
    together = run_lanes(tiny_network, lanes, settings, compute=compute)
    for picked in ([0], [3, 5, 17, 20, 21, 22, 39], list(range(39, -1, -1))):
        some = run_lanes(tiny_network, [lanes[i] for i in picked], settings, compute=compute)
        assert_same(some, [together[i] for i in picked])


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_does_not_matter(tiny_network: Any, threads: int) -> None:
    before = torch.get_num_threads()
    lanes = lanes_of([pm.method("mgda")], 5)
    compute = Compute(device="cpu", deterministic=True)
    expected = run_lanes(tiny_network, lanes, SETTINGS, compute=compute)
    try:
        torch.set_num_threads(threads)
        assert_same(run_lanes(tiny_network, lanes, SETTINGS, compute=compute), expected)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_a_gamma_sweep_is_equal_to_each_of_its_runs(tiny_network: Any) -> None:
    lanes = lanes_of([pm.method("power_mean", gamma=g) for g in (-2.0, 0.0, 1.0, 2.5)], 12)
    compute = Compute(device="cpu", deterministic=True)
    together = run_lanes(tiny_network, lanes, SETTINGS, compute=compute)
    for k in (0, 5, 11):
        assert_same(run_lanes(tiny_network, [lanes[k]], SETTINGS, compute=compute), [together[k]])


def test_a_memory_limit_cuts_and_changes_nothing(tiny_network: Any) -> None:
    lanes = lanes_of([pm.method("mgda")], 30)
    whole = run_lanes(tiny_network, lanes, SETTINGS)
    limit = predicted_bytes(tiny_network, lanes, SETTINGS, 10, device=CPU)
    compute = Compute(device="cpu", memory=limit)
    pieces = cut(tiny_network, lanes, SETTINGS, compute)
    assert [len(piece) for piece in pieces] == [10, 10, 10]
    assert_same(run_lanes(tiny_network, lanes, SETTINGS, compute=compute), whole)


def test_a_limit_too_small_for_one_lane_says_what_is_needed(tiny_network: Any) -> None:
    compute = Compute(device="cpu", memory=1000)
    with pytest.raises(BadInput, match=r"1,000 bytes is too small for one lane of .* at least"):
        run_lanes(tiny_network, lanes_of([pm.method("mgda")], 3), SETTINGS, compute=compute)


def test_what_does_not_fit_is_halved_until_it_does(
    tiny_network: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lanes = lanes_of([pm.method("mgda")], 11)
    expected = run_lanes(tiny_network, lanes, SETTINGS)
    sizes: list[int] = []

    class Small(Batch):
        def __init__(self, problem: Any, members: Any, *rest: Any, **options: Any) -> None:
            sizes.append(len(members))
            if len(members) > 4:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            super().__init__(problem, members, *rest, **options)

    monkeypatch.setattr(chunks, "Batch", Small)
    assert_same(run_lanes(tiny_network, lanes, SETTINGS), expected)
    assert sizes == [11, 5, 2, 3, 6, 3, 3]
    assert "do not fit into memory" in caplog.text


def test_deterministic_batches_are_not_halved_since_they_would_be_filled_up_again(
    tiny_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def never(problem: Any, members: Any, *_: Any, **__: Any) -> Any:
        tries.append(len(members))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(chunks, "Batch", never)
    compute = Compute(device="cpu", deterministic=True)
    with pytest.raises(MemoryError, match=r"16 lanes of 'tiny_network', as many as `determ"):
        run_lanes(tiny_network, lanes_of([pm.method("mgda")], 3), SETTINGS, compute=compute)
    assert tries == [16]


def test_gradients_are_taken_whatever_mode_the_caller_is_in(tiny_network: Any) -> None:
    lanes = lanes_of([pm.method("mgda")], 3)
    expected = run_lanes(tiny_network, lanes, SETTINGS)
    with torch.no_grad():
        assert_same(run_lanes(tiny_network, lanes, SETTINGS), expected)
    with torch.inference_mode():
        assert_same(run_lanes(tiny_network, lanes, SETTINGS), expected)
    assert torch.is_grad_enabled()


def test_a_lane_that_never_fits_is_an_error_that_names_the_problem(
    tiny_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(chunks, "Batch", never)
    with pytest.raises(MemoryError, match=r"one lane of 'tiny_network' does not fit"):
        run_lanes(tiny_network, lanes_of([pm.method("mgda")], 3), SETTINGS)


def test_a_set_is_never_cut() -> None:
    problem = pm.problem("zdt1", n_variables=4)
    method = pm.method("moo_svgd")
    sets = [lanes_of([method], 5, member_of=name) for name in "abc"]
    lanes = [lane for one in sets for lane in one]
    limit = predicted_bytes(problem, lanes, SETTINGS, 7, device=CPU)
    pieces = cut(problem, lanes, SETTINGS, Compute(device="cpu", memory=limit))
    assert pieces == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]


def test_a_set_that_cannot_fit_is_refused_whole() -> None:
    problem = pm.problem("zdt1", n_variables=4)
    lanes = lanes_of([pm.method("moo_svgd")], 5, member_of="a")
    limit = predicted_bytes(problem, lanes, SETTINGS, 4, device=CPU)
    with pytest.raises(BadInput, match="too small for a set of 5 lanes"):
        cut(problem, lanes, SETTINGS, Compute(device="cpu", memory=limit))


def test_compiled_networks_are_dealt_into_chunks_that_stay_in_the_cache(
    tiny_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = Compute(device="cpu", compile=True)
    lanes = lanes_of([pm.method("linear")], 44)
    monkeypatch.setattr(chunks, "FEWEST", 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    each = chunks.working_set(tiny_network, lanes[0], SETTINGS)
    monkeypatch.setattr(chunks, "CACHE", 14 * each)
    pieces = cut(tiny_network, lanes, SETTINGS, compiled)
    assert [len(piece) for piece in pieces] == [11] * 4
    assert sorted(place for piece in pieces for place in piece) == list(range(44))
    assert pieces[1][:3] == [1, 5, 9]
    padded = chunks._padded(tiny_network, [lanes[i] for i in pieces[0]], compiled)
    assert len(padded) == 12
    # where chunks would be other programs, or must not depend on the machine, they are not made
    mixed = lanes_of([pm.method("linear"), pm.method("tchebycheff")], 44)
    assert len(cut(tiny_network, mixed, SETTINGS, compiled)) == 1
    assert len(cut(tiny_network, lanes, SETTINGS, Compute(device="cpu"))) == 1
    exact = Compute(device="cpu", compile=True, deterministic=True)
    assert [len(piece) for piece in cut(tiny_network, lanes, SETTINGS, exact)] == [16, 16, 12]
    sets = lanes_of([pm.method("hv_gradient")], 44, member_of="one")
    assert len(cut(tiny_network, sets, SETTINGS, compiled)) == 1


def test_idle_copies_take_no_share_of_the_seconds(tiny_network: Any) -> None:
    for count in (1, 3):
        lanes = lanes_of([pm.method("linear")], count)
        for deterministic in (False, True):
            settings = Settings(optimizer=Optimizer(lr=0.01), budget=Budget(seconds=0.2))
            compute = Compute(device="cpu", deterministic=deterministic)
            outcomes = run_lanes(tiny_network, lanes, settings, compute=compute)
            assert sum(o.seconds[-1] for o in outcomes) >= 0.2
