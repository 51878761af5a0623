"""Devices are found by name; reduced precision is for networks, is stated, and stays near float32."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.device import (
    describe_device,
    is_out_of_memory,
    reduced,
    resolve_device,
    resolve_dtype,
)
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Budget, Optimizer, Settings


def run(problem: Any, precision: Any, steps: int = 20) -> Any:
    lanes = [
        Lane(method=pm.method("mgda"), preference=(0.5, 0.5), seed=s, key=s, lr=0.01)
        for s in range(3)
    ]
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=steps), precision=precision)
    return run_lanes(problem, lanes, settings)


def test_mixed_precision_is_near_float32_and_not_equal(tiny_network: Any) -> None:
    exact, mixed = run(tiny_network, "float32"), run(tiny_network, "bfloat16")
    for one, other in zip(exact, mixed, strict=True):
        assert other.status == "ok"
        np.testing.assert_allclose(other.losses["test"], one.losses["test"], rtol=0.05)
        assert (other.losses["test"] != one.losses["test"]).any()


def test_a_run_alone_equals_the_same_run_in_company(tiny_network: Any) -> None:
    together = run(tiny_network, "bfloat16")
    lane = Lane(method=pm.method("mgda"), preference=(0.5, 0.5), seed=1, key=1, lr=0.01)
    settings = Settings(optimizer=Optimizer(), budget=Budget(steps=20), precision="bfloat16")
    (alone,) = run_lanes(tiny_network, [lane], settings)
    np.testing.assert_array_equal(alone.losses["test"], together[1].losses["test"])


def test_tf32_needs_a_gpu(tiny_network: Any) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(BadInput, match="'tf32' is a mode of NVIDIA GPUs"):
        run(tiny_network, "tf32")


def test_an_unknown_precision_names_the_known_ones(tiny_network: Any) -> None:
    with pytest.raises(BadInput, match="one of float64, float32, tf32, bfloat16; found 'half'"):
        run(tiny_network, "half")


@pytest.mark.parametrize(
    ("precision", "network", "formula"),
    [
        (None, torch.float32, torch.float64),
        ("float64", torch.float64, torch.float64),
        ("float32", torch.float32, torch.float32),
        ("bfloat16", torch.float32, torch.float32),
    ],
)
def test_the_type_of_parameters(
    tiny_network: Any, valley: Any, precision: Any, network: torch.dtype, formula: torch.dtype
) -> None:
    assert resolve_dtype(precision, tiny_network) is network
    assert resolve_dtype(precision, valley()) is formula


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "unknown device 'gpu'; use 'auto'"),
        ("meta", "'meta' is not supported"),
        ("cuda:99", "'cuda:99' was asked for, but this machine has"),
        ("cuda:999", "'cuda:999' was asked for, but this machine has"),
        ("cuda:256", "'cuda:256' was asked for, but this machine has"),
    ],
)
def test_a_device_that_is_not_there_is_refused(name: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        resolve_device(name)


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert describe_device(torch.device("cpu")) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device() == torch.device("cpu")
    with pytest.raises(BadInput, match="this machine has no CUDA device"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert resolve_device() == torch.device("cuda")
    assert resolve_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(BadInput, match="this machine has 1 CUDA device;"):
        resolve_device("cuda:1")


def test_reduced_products_are_allowed_where_stated_and_put_back() -> None:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    gpu = torch.device("cuda")
    try:
        for outside in (True, False):
            matmul.allow_tf32 = cudnn.allow_tf32 = outside
            for precision in ("tf32", "float32"):
                inside = precision == "tf32"
                with suppress(KeyError), reduced(precision, gpu):
                    assert (matmul.allow_tf32, cudnn.allow_tf32) == (inside, inside)
                    raise KeyError
                assert (matmul.allow_tf32, cudnn.allow_tf32) == (outside, outside)
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), True),
        (RuntimeError("shapes do not match"), False),
        (ValueError("memory"), False),
    ],
)
def test_errors_of_memory_are_told_from_others(error: Exception, memory: bool) -> None:
    assert is_out_of_memory(error) is memory
