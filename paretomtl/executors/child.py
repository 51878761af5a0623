"""A worker process, from its parent's side."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import TypeAlias

from paretomtl.engine import Compute, Progress
from paretomtl.errors import BadInput
from paretomtl.executors.base import Batch
from paretomtl.records.codec import spec_to_json
from paretomtl.records.record import Record

Answer: TypeAlias = Progress | list[Record] | BadInput | None
"""What a worker sends; None when it has ended."""

Message: TypeAlias = "tuple[Child, Answer]"


class Child:
    """One process of `paretomtl.executors.worker`, and a thread that puts its answers in the inbox.

    Args:
        inbox: Where its answers go, and at its end None.
        threads: Threads of torch in the process.
        imports: Modules it imports first.
    """

    def __init__(
        self, inbox: queue.SimpleQueue[Message], threads: int, imports: tuple[str, ...]
    ) -> None:
        self._inbox = inbox
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "paretomtl.executors.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is for the parent, which then ends its workers
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._write({"threads": threads, "imports": imports})

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ask(self, batch: Batch, compute: Compute) -> None:
        """Send a batch; an answer or None comes to the inbox, whatever happens to the process."""
        self._write({"compute": asdict(compute), "specs": [spec_to_json(spec) for spec in batch]})

    def end(self, *, patience: float = 0) -> str:
        """End the process unless it ends by itself within `patience` seconds, and return how it ended."""
        assert self._process.stdin is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=patience)
        self._process.kill()
        with contextlib.suppress(OSError):  # what it did not read is dropped
            self._process.stdin.close()
        code = self._process.wait()
        self._listener.join()
        if code >= 0:
            return f"ended with exit code {code}"
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"

    def _write(self, task: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended: the listener puts None into the inbox
            self._process.stdin.write(json.dumps(task).encode() + b"\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream, contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                self._inbox.put((self, pickle.load(stream)))
        self._inbox.put((self, None))
