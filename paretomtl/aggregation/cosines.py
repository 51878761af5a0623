"""Cosines between task gradients, read off the Gramian."""

from __future__ import annotations

import torch

from paretomtl.shapes import Gramian


def cosines(gramian: Gramian) -> Gramian:
    """Return `G_ij / sqrt(G_ii G_jj)`, [*batch, m, m], clamped to [-1, 1].

    A zero gradient has no direction: its row and column are NaN, never a conflict. Norms are divided
    out one after the other, so that squared norms near the limits of the type do not under- or overflow.
    """
    norms = torch.diagonal(gramian, dim1=-2, dim2=-1).sqrt()
    return (gramian / norms.unsqueeze(-1) / norms.unsqueeze(-2)).clamp(-1, 1)
