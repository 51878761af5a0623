"""A worker process from its parent's side: how it ended comes back."""

from __future__ import annotations

import os
import queue
import signal
import sys

import pytest

from paretomtl.executors.child import Child, Message

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX"),
]


@pytest.fixture
def inbox() -> queue.SimpleQueue[Message]:
    return queue.SimpleQueue()


def test_a_killed_child_leaves_none_in_the_inbox_and_names_the_signal(
    inbox: queue.SimpleQueue[Message],
) -> None:
    child = Child(inbox, 1, ())
    os.kill(child.pid, signal.SIGTERM)
    assert inbox.get(timeout=60) == (child, None)
    assert child.end(patience=10) == f"was killed by signal {signal.SIGTERM.value} (SIGTERM)"


def test_an_idle_child_is_ended_and_does_not_linger(inbox: queue.SimpleQueue[Message]) -> None:
    child = Child(inbox, 1, ())
    assert "SIGKILL" in child.end()
    assert inbox.get(timeout=60) == (child, None)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
