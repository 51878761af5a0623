"""The peak is that of the stretch measured, not of the process's whole life."""

from __future__ import annotations

import sys

import pytest
import torch

from paretomtl.executors.memory import PeakMemory

MB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts anew")
def test_the_peak_on_the_cpu_begins_anew() -> None:
    before = PeakMemory(torch.device("cpu")).peak()
    first = PeakMemory(torch.device("cpu"))
    block = torch.ones(200 * MB // 4)
    del block
    assert first.peak() > before + 150 * MB
    assert PeakMemory(torch.device("cpu")).peak() < before + 100 * MB


@pytest.mark.gpu
def test_the_peak_on_a_gpu_is_that_of_the_allocator(device: torch.device) -> None:
    memory = PeakMemory(device)
    base = memory.peak()
    block = torch.ones(64 * MB // 4, device=device)
    assert memory.peak() >= base + block.nbytes
    del block
    assert PeakMemory(device).peak() < base + 64 * MB
