"""The program of a worker process: batches come in as JSON lines, pickled answers go out.

Started by the executor "processes" as `python -m paretomtl.executors.worker`. The first line is
the set-up, every further line one batch, and it ends when its input ends. An answer is a
`Progress`, the list of records of a batch, or the `BadInput` that was raised; it goes to the original
standard output, and whatever a problem prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from paretomtl.engine import Compute, Progress
from paretomtl.errors import BadInput
from paretomtl.executors.batch import run_to_records
from paretomtl.records.codec import spec_from_json

_PROGRESS_EVERY = 0.2
"""Seconds between two messages of progress."""


def main() -> None:
    """Run batches until the input ends or the parent is gone."""
    source = sys.stdin.buffer
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(content: object) -> None:
        pickle.dump(content, sink)
        sink.flush()

    try:
        try:
            _set_up(json.loads(source.readline()))
            for line in source:
                _serve(json.loads(line), answer)
        except BadInput as error:
            answer(error)
    except BrokenPipeError:
        os._exit(1)  # the parent is gone; an ordinary exit would flush the pipe and raise again


def _set_up(setup: dict[str, Any]) -> None:
    torch.set_num_threads(setup["threads"])
    for module in setup["imports"]:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise BadInput(
                f"`imports` names the module {module!r}, which a worker process cannot import: {error}."
            ) from error


def _serve(task: dict[str, Any], answer: Callable[[object], None]) -> None:
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_EVERY:
            last = now
            answer(progress)

    specs = [spec_from_json(text) for text in task["specs"]]
    answer(run_to_records(specs, compute=Compute(**task["compute"]), progress=report))


if __name__ == "__main__":
    main()
