"""Reduced precision is for networks, is stated, and stays near float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
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
