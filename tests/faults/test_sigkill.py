"""A sweep that is killed and started again ends with the records of one that was not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from paretomtl.executors import execute
from paretomtl.records.codec import spec_to_json
from paretomtl.records.record import Record
from paretomtl.records.store import open_store
from paretomtl.sweep.settings import Budget, Optimizer
from paretomtl.sweep.spec import Choice, RunSpec

RUN = """
import json, sys
from paretomtl.executors import execute
from paretomtl.records.codec import spec_from_json
from paretomtl.records.store import open_store
specs = [spec_from_json(line) for line in open(sys.argv[1])]
summary = execute(specs, open_store(sys.argv[2]), executor=sys.argv[3])
print(json.dumps([summary.reused, summary.ok, summary.remaining]))
"""


def sweep() -> list[RunSpec]:
    """Eight batches: methods of both kinds, one of them random, at four budgets."""
    return [
        RunSpec(
            problem=Choice("vlmop2"),
            method=Choice(method),
            preference=(w, 1 - w),
            seed=seed,
            optimizer=Optimizer(lr=0.05),
            budget=Budget(steps),
        )
        for steps in (150, 151, 152, 153)
        for method in ("linear", "rlw", "mgda")
        for w in (0.25, 0.5)
        for seed in (0, 1)
    ]


def assert_same_but_for_time(a: Record, b: Record) -> None:
    assert a.spec == b.spec
    assert (a.outcome.status, a.outcome.reason) == (b.outcome.status, b.outcome.reason)
    assert a.outcome.x is not None
    assert b.outcome.x is not None
    pairs = {
        "steps": (a.outcome.steps, b.outcome.steps),
        "backward_passes": (a.outcome.backward_passes, b.outcome.backward_passes),
        "x": (a.outcome.x, b.outcome.x),
        **{s: (v, b.outcome.losses[s]) for s, v in a.outcome.losses.items()},
        **{d: (v, b.outcome.diagnostics[d]) for d, v in a.outcome.diagnostics.items()},
    }
    for name, (ours, theirs) in pairs.items():
        assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes(), name
    assert a.outcome.losses.keys() == b.outcome.losses.keys()
    assert a.outcome.diagnostics.keys() == b.outcome.diagnostics.keys()
    assert a.outcome.metrics == b.outcome.metrics


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("executor", ["local", "processes"])
def test_killed_in_the_middle_and_started_again(
    executor: str, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    specs = sweep()
    listed = tmp_path / "specs.jsonl"
    listed.write_text("\n".join(map(spec_to_json, specs)))
    path = tmp_path / "killed"
    process = start(RUN, listed, path, executor)
    deadline = time.monotonic() + 120
    while not [*path.glob("*.parquet")]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert process.returncode == -signal.SIGKILL
    kept = open_store(path).keys()
    assert 0 < len(kept) < len(specs)

    again = start(RUN, listed, path, executor)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    reused, ok, remaining = map(int, out.strip(" []\n").split(","))
    assert reused >= len(kept)  # a worker may have ended after its parent
    assert (reused + ok, remaining) == (len(specs), 0)

    uninterrupted = open_store(tmp_path / "uninterrupted")
    execute(specs, uninterrupted)
    ours = {record.key: record for record in open_store(path).records()}
    theirs = {record.key: record for record in uninterrupted.records()}
    assert ours.keys() == theirs.keys() == {spec.key for spec in specs}
    for key, record in ours.items():
        assert_same_but_for_time(record, theirs[key])
