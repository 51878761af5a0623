"""Whether operations are being recorded into a graph, where looking at numbers is not allowed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

_recording = False


def recorded() -> bool:
    """Tell whether the operations of this moment end up in a graph instead of running once.

    Then no branch may depend on data, and no tensor created now may be kept for later.
    """
    return _recording or torch.compiler.is_compiling()


@contextmanager
def recording() -> Generator[None]:
    """Mark what runs inside as recorded; `torch.compile` marks its own."""
    global _recording
    before, _recording = _recording, True
    try:
        yield
    finally:
        _recording = before
