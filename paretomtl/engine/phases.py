"""The parts of a step by name, for whoever profiles it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

PHASES = (
    "minibatch",
    "forward",
    "backward",
    "Gramian",
    "method",
    "weighted sum",
    "checks",
    "update",
    "evaluation",
)
"""In the order of a step; a compiled step shows as one."""

PREFIX = "paretomtl: "
_NOTHING = nullcontext()


def phase(name: str) -> AbstractContextManager[object]:
    """Return a context under whose name a profiler, if one is running, counts what happens inside."""
    if torch.autograd._profiler_enabled():  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
        return torch.profiler.record_function(PREFIX + name)
    return _NOTHING
