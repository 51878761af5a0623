"""What the CPU's allocator does with freed memory: changed by a call, never by an import."""

from __future__ import annotations

import functools

import torch


@functools.cache
def keep_freed_memory() -> None:
    """Make glibc keep blocks of up to 24 MB when they are freed, for the rest of the process.

    It gives blocks from 128 kB on back to the system at once, and the next operation on a large batch has
    every page of its answer mapped anew, which can cost more than the operation. Freeing one large block
    raises that bound (`M_MMAP_THRESHOLD`, which is dynamic); the block itself is never touched, so it
    costs nothing. Blocks above 32 MB would not raise it. Elsewhere, and from the second call on, this does
    nothing. Call it where a run, or a direct use of the solvers, begins.
    """
    torch.empty(24 << 20, dtype=torch.uint8)
