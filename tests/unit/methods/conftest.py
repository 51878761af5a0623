"""Every scalarization with the option sets that its tests run over."""

from __future__ import annotations

import math

import pytest
import torch

from paretomtl.methods.base import Signals, method

SCALARIZATIONS = [
    ("linear", {}),
    ("power_mean", {"gamma": 2.0}),
    ("power_mean", {"gamma": 1.0}),
    ("power_mean", {"gamma": 0.0}),
    ("power_mean", {"gamma": -1.5}),
    ("power_mean", {"gamma": 1e-9}),
    ("power_mean", {"gamma": 30.0}),
    ("power_mean", {"gamma": math.inf}),
    ("power_mean", {"gamma": -math.inf}),
    ("power_mean", {"gamma": 3.0, "shift": 0.5}),
    ("geometric_mean", {}),
    ("log_sum", {}),
    ("log_sum", {"shift": (0.1, 0.2, 0.3)}),
    ("live_norm", {}),
    ("live_norm", {"eps": 0.3, "decay": 0.9}),
    ("init_norm", {}),
    ("init_norm", {"batches": 3}),
    ("init_norm", {"initial": (1.0, 2.0, 3.0)}),
    ("prior_norm", {"prior": (0.5, 2.0, 1.0)}),
    ("tchebycheff", {}),
    ("tchebycheff", {"ideal": -1.0}),
    ("modified_tchebycheff", {}),
    ("augmented_tchebycheff", {"rho": 0.1}),
    ("smooth_tchebycheff", {"mu": 0.1}),
    ("smooth_tchebycheff", {"mu": 0.1, "ideal": (0.1, 0.0, -0.3)}),
    ("smooth_tchebycheff", {"form": "log_ratio", "mu": 1.0}),
    ("smooth_tchebycheff", {"form": "log_ratio", "mu": 0.3, "nadir": (1.0, 2.0, 0.5)}),
    ("uncertainty", {}),
    ("uncertainty", {"kind": "classification", "dimension": 3.0, "initial_log_variance": -0.5}),
    ("imtl_l", {}),
    ("rlw", {}),
]
"""Name and options; with three tasks."""

IDS = [f"{n}-{'-'.join(f'{k}={v}' for k, v in o.items())}".rstrip("-") for n, o in SCALARIZATIONS]

STOP_GRADIENT = {"live_norm", "init_norm"}
"""Their value holds a stopped gradient, so finite differences of it measure something else."""


@pytest.fixture(params=SCALARIZATIONS, ids=IDS)
def scalarization(request):
    """One scalarization, constructed."""
    name, options = request.param
    return method(name, **options)


@pytest.fixture
def draw_signals():
    """Draw positive losses, preferences and keys for lanes of any shape, three tasks."""

    def draw(batch=(5,), m=3, dtype=torch.float64, seed=0, preference=True):
        g = torch.Generator().manual_seed(seed)
        losses = (torch.rand(*batch, m, generator=g, dtype=torch.float64) * 2 + 0.05).to(dtype)
        p = torch.rand(*batch, m, generator=g, dtype=torch.float64) + 0.1
        keys = torch.randint(-(2**62), 2**62, batch, generator=g)
        return Signals(
            losses=losses,
            preference=(p / p.sum(-1, keepdim=True)).to(dtype) if preference else None,
            keys=keys,
            steps=torch.zeros_like(keys),
        )

    return draw
