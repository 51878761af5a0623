"""Jacobians of stated rank, lengths and angles, lanes in front: what solvers and methods are tried on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Change = Callable[[Tensor, torch.Generator], Tensor]
"""Standard normal rows [*batch, m, n] to rows of a kind."""


def normal(*shape: int, generator: torch.Generator) -> Tensor:
    """Draw standard normal numbers in float64."""
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def draw_jacobian(kind: str, m: int, n: int, *, batch: Sequence[int] = (), seed: int = 0) -> Tensor:
    """Draw the Jacobians [*batch, m, n] of one kind of `KINDS`, float64."""
    generator = torch.Generator().manual_seed(seed)
    return KINDS[kind](normal(*batch, m, n, generator=generator), generator)


def draw_gramian(kind: str, m: int, n: int, *, batch: Sequence[int] = (), seed: int = 0) -> Tensor:
    """Draw the Gramians [*batch, m, m] of the same."""
    rows = draw_jacobian(kind, m, n, batch=batch, seed=seed)
    return products(rows, rows)


def draw_every_kind(m: int, n: int, *, seed: int = 0) -> Tensor:
    """Draw one Jacobian of each kind, [kinds, m, n]: hostile neighbors for each other."""
    return torch.stack([draw_jacobian(kind, m, n, seed=seed) for kind in KINDS])


def at_angle(degrees: float, lengths: Sequence[float] = (1.0, 1.0)) -> Tensor:
    """Return two gradients in the plane with an angle between them, [2, 2]."""
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    unit = torch.tensor([[1.0, 0.0], [angle.cos(), angle.sin()]], dtype=torch.float64)
    return torch.tensor(lengths, dtype=torch.float64).unsqueeze(-1) * unit


def products(one: Tensor, other: Tensor) -> Tensor:
    """Return the inner products of rows, [*batch, m, k], each lane with the same bits in any batch."""
    return (one.unsqueeze(-2) * other.unsqueeze(-3)).sum(-1)


def _random(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows


def _aligned(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows[..., :1, :] + 0.1 * rows


def _conflicting(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows - 0.9 * rows.mean(-2, keepdim=True)


def _overshooting(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows - 1.2 * rows.mean(-2, keepdim=True)


def _stationary(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows - rows.mean(-2, keepdim=True)


def _rank(share: float) -> Change:
    """Return the change to a rank of that share of m, at least one."""

    def change(rows: Tensor, generator: torch.Generator) -> Tensor:
        rank = max(1, int(share * rows.shape[-2]))
        mix = normal(*rows.shape[:-1], rank, generator=generator)
        return mix @ rows[..., :rank, :]

    return change


def _rank_one(rows: Tensor, generator: torch.Generator) -> Tensor:
    return normal(*rows.shape[:-1], 1, generator=generator) * rows[..., :1, :]


def _duplicate_rows(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows[..., torch.arange(rows.shape[-2]) // 2, :]


def _last_row(of_first: float, of_last: float) -> Change:
    """Return the change of the last row to a combination of the first and itself; of one row, none."""

    def change(rows: Tensor, generator: torch.Generator) -> Tensor:
        if rows.shape[-2] == 1:
            return rows
        last = of_first * rows[..., :1, :] + of_last * rows[..., -1:, :]
        return torch.cat((rows[..., :-1, :], last), -2)

    return change


def _zero_row(rows: Tensor, generator: torch.Generator) -> Tensor:
    return torch.cat((rows[..., :-1, :], torch.zeros_like(rows[..., -1:, :])), -2)


def _times(by: float) -> Change:
    """Return the change of every length by a factor."""
    return lambda rows, generator: by * rows


def _imbalanced(rows: Tensor, generator: torch.Generator) -> Tensor:
    return torch.logspace(0, -6, rows.shape[-2], dtype=torch.float64)[:, None] * rows


def _integers(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows.round()


KINDS: dict[str, Change] = {
    "random": _random,
    "aligned": _aligned,
    "conflicting": _conflicting,
    "conflicting with their mean": _overshooting,
    "stationary": _stationary,
    "rank one": _rank_one,
    "half rank": _rank(0.5),
    "duplicate rows": _duplicate_rows,
    "nearly duplicate rows": _last_row(1.0, 1e-4),
    "opposite rows": _last_row(-2.0, 0.0),
    "zero row": _zero_row,
    "all zero": _times(0.0),
    "huge gradients": _times(1e8),
    "tiny gradients": _times(1e-8),
    "row imbalance to 1e-6": _imbalanced,
    "integers": _integers,
}
"""The kinds of gradients; each changes standard normal rows."""
