"""The program of a worker process, given what its parent sends."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from paretomtl.engine import Compute, Progress
from paretomtl.errors import BadInput
from paretomtl.records.codec import spec_to_json
from paretomtl.records.record import Record
from paretomtl.sweep.spec import RunSpec


def answers(*lines: Any) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "paretomtl.executors.worker"],
        input=b"".join(json.dumps(line).encode() + b"\n" for line in lines),
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    stream, found = io.BytesIO(done.stdout), []
    while stream.tell() < len(done.stdout):
        found.append(pickle.load(stream))
    return found


@pytest.mark.slow
def test_a_batch_in_and_its_records_out(sweep: Callable[..., list[RunSpec]]) -> None:
    specs = sweep(5)
    task = {"compute": asdict(Compute()), "specs": [spec_to_json(spec) for spec in specs]}
    *progress, records = answers({"threads": 1, "imports": []}, task)
    assert all(isinstance(answer, Progress) for answer in progress)
    assert [record.spec for record in records] == specs
    assert all(isinstance(record, Record) and record.outcome.status == "ok" for record in records)


@pytest.mark.slow
def test_a_module_that_cannot_be_imported_is_an_answer() -> None:
    (error,) = answers({"threads": 1, "imports": ["no_such_module_anywhere"]})
    assert isinstance(error, BadInput)
    assert "'no_such_module_anywhere'" in str(error)
