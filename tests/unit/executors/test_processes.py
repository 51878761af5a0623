"""Worker processes: same records, and what happens when one is killed, or prints, or lacks a module."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paretomtl.errors import BadInput, UnknownName
from paretomtl.executors import ExecutionProgress, Processes, child, execute, executor
from paretomtl.records.store import Store
from paretomtl.sweep.spec import RunSpec

Sweep = Callable[..., list[RunSpec]]

pytestmark = pytest.mark.slow

HOOK = """
import os, signal, sys
from pathlib import Path
from paretomtl.errors import MissingExtra
from paretomtl.executors import batch

engine = batch.run_batch
flag = Path(__file__).with_name("died")

def run_batch(specs, **options):
    print("a problem prints", specs[0].budget)
    os.write(1, b"and writes to the bare descriptor")
    steps = specs[0].budget.amount
    if steps == 66 or (steps == 55 and not flag.exists()):
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if steps == 77:
        raise MissingExtra("needs scikit-learn")
    if steps == 88:
        raise ValueError("no such thing")
    if steps == 99:
        os._exit(3)
    return engine(specs, **options)

batch.run_batch = run_batch
"""


@pytest.fixture
def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Processes]:
    """An executor whose workers meet trouble in batches of certain budgets."""
    (tmp_path / "worker_hook.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    return lambda workers=1: Processes(workers=workers, imports=("worker_hook",))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_worker_loses_its_batch_only(
    store: Store, sweep: Sweep, hooked: Callable[..., Processes], capfd: pytest.CaptureFixture[str]
) -> None:
    """One batch kills every worker, one the first, one raises, one exits, two are sound."""
    specs = sweep(5, 66, 55, 88, 99, 6, methods=("linear",))
    summary = execute(specs, store, executor=hooked(2))
    assert (summary.ok, summary.failed, summary.remaining) == (6, 6, 0)
    runs = store.runs()
    status = runs.groupby("budget_amount")["status"].unique().map(list).to_dict()
    assert status == {
        5: ["ok"],
        6: ["ok"],
        55: ["ok"],
        66: ["failed"],
        88: ["failed"],
        99: ["failed"],
    }
    reason = runs.groupby("budget_amount")["reason"].first()
    assert reason[66] == (
        "the worker process was killed by signal 9 (SIGKILL), in each of 2 attempts"
    )
    assert reason[88] == "ValueError: no such thing"
    assert reason[99] == "the worker process ended with exit code 3, in each of 2 attempts"
    assert "a problem prints" in capfd.readouterr().err


def test_records_are_those_of_this_process(store: Store, sweep: Sweep) -> None:
    specs = sweep(5, 20)
    calls: list[ExecutionProgress] = []
    summary = execute(specs, store, executor="processes", progress=calls.append)
    assert (summary.ok, summary.remaining) == (8, 0)
    assert calls[-1].fraction == 1
    here = Store(store.path.with_name("here"))
    execute(specs, here)
    ours = {r.key: r.outcome for r in here.records()}
    for record in store.records():
        outcome = ours[record.key]
        assert record.outcome.x is not None
        assert outcome.x is not None
        assert record.outcome.x.tobytes() == outcome.x.tobytes()
        assert record.outcome.losses["test"].tobytes() == outcome.losses["test"].tobytes()


def test_what_the_caller_must_change_comes_back_as_it_was_raised(
    store: Store, sweep: Sweep, hooked: Callable[..., Processes]
) -> None:
    with pytest.raises(BadInput, match="needs scikit-learn"):
        execute(sweep(5, 77, 6, methods=("linear",)), store, executor=hooked(1))
    assert store.runs()["budget_amount"].tolist() == [5, 5]


def test_a_module_that_cannot_be_imported_is_named(store: Store, sweep: Sweep) -> None:
    with pytest.raises(
        BadInput, match="'no_such_module_here', which a worker process cannot import"
    ):
        execute(sweep(5), store, executor=Processes(workers=1, imports=("no_such_module_here",)))
    assert store.keys() == set()


def test_ctrl_c_ends_the_workers_and_keeps_what_is_finished(
    store: Store, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids: list[int] = []
    begin = child.Child.__init__

    def remember(self: child.Child, *rest: Any) -> None:
        begin(self, *rest)
        pids.append(self.pid)

    monkeypatch.setattr(child.Child, "__init__", remember)

    def interrupt(progress: ExecutionProgress) -> None:
        if progress.done == 2:
            signal.raise_signal(signal.SIGINT)

    specs = sweep(5, 100_000, methods=("linear",))
    summary = execute(specs, store, executor=Processes(workers=2), progress=interrupt)
    assert summary.interrupted
    assert (summary.ok, summary.remaining) == (2, 2)
    assert len(store.keys()) == 2
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not [t for t in threading.enumerate() if "_listen" in t.name]


def test_bad_options() -> None:
    with pytest.raises(BadInput, match="`workers` must be at least 1; found 0"):
        executor("processes", workers=0)
    with pytest.raises(UnknownName, match="Did you mean 'workers'"):
        executor("processes", worker=2)
