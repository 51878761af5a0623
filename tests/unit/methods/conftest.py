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
    ("term", {"t": 2.0}),
    ("term", {"t": 0.0}),
    ("term", {"t": -3.0}),
    ("p_norm", {"p": 1.0}),
    ("p_norm", {"p": 3.0, "ideal": 0.4}),
    ("p_norm", {"p": 2.5, "weight": "outside"}),
    ("p_norm", {"p": math.inf}),
    ("pbi", {}),
    ("pbi", {"theta": 0.5, "ideal": (0.1, 0.2, -0.1), "smoothing": 1e-6}),
    ("inverted_pbi", {"nadir": 3.0}),
    ("cosmos", {}),
    ("hv_scalarization", {"reference": 3.0}),
    ("hv_scalarization", {"reference": 0.5}),
    ("epsilon_constraint", {"ceilings": (1.0, 0.5, math.inf)}),
    ("epsilon_constraint", {"ceilings": (1.0, 0.5, math.inf), "damping": 0.7}),
    ("dwa", {"window": 1}),
    ("dwa", {"window": 2, "form": "sliding"}),
    ("cov_weighting", {}),
    ("cov_weighting", {"decay": 0.9}),
    ("uw_so", {}),
    ("famo", {}),
    ("go4align", {"step_size": 0.1}),
    ("go4align", {"groups": 1}),
]
"""Name and options; with three tasks."""

IDS = [f"{n}-{'-'.join(f'{k}={v}' for k, v in o.items())}".rstrip("-") for n, o in SCALARIZATIONS]


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
