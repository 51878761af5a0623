"""`db_mtl` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

import paretomtl as pm

F64 = torch.float64


def test_db_mtl_brings_all_log_gradients_to_one_length(draw):
    signals = draw(4, ())
    found = pm.aggregate("db_mtl", signals.jacobian, losses=signals.losses, beta=0.0)
    logs = signals.jacobian / signals.losses.unsqueeze(-1)
    length = logs.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(found, (logs / length).sum(0) * length.max(), rtol=1e-6, atol=0)


def test_db_mtl_is_indifferent_to_the_unit_of_a_loss_up_to_the_longest(draw):
    signals = draw(4, ())
    scale = torch.tensor([1e6, 1e-3, 1.0], dtype=F64)
    plain = pm.aggregate("db_mtl", signals.jacobian, losses=signals.losses)
    scaled = pm.aggregate(
        "db_mtl", signals.jacobian * scale.unsqueeze(-1), losses=signals.losses * scale
    )
    torch.testing.assert_close(scaled, plain, rtol=1e-4, atol=1e-6)
