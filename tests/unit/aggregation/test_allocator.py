"""Freed memory is kept after a call, and an import changes nothing."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from paretomtl.aggregation import allocator, lanes
from paretomtl.testing import matrices

FAULTS = """
import resource
import torch
import paretomtl.aggregation.conflict_averse
import paretomtl.aggregation.allocator as allocator

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.zeros(2 << 20, dtype=torch.uint8).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

assert allocator.keep_freed_memory.cache_info().currsize == 0
imported = faults()
allocator.keep_freed_memory()
faults()
print(imported, faults())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a threshold of glibc")
def test_pages_are_mapped_once_after_the_call_and_not_after_the_import():
    """Blocks of 2 MB, 512 pages of 4 kB each, unless the system has larger pages."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", FAULTS], capture_output=True, text=True, check=True
    )
    imported, called = map(int, done.stdout.split())
    assert called < imported / 4


def test_a_direct_use_of_a_solver_calls_it():
    allocator.keep_freed_memory.cache_clear()
    lanes.clean(matrices.draw_gramian("random", 3, 4))
    assert allocator.keep_freed_memory.cache_info().currsize == 1
