"""Faults of isolation: a lane's answer depends on its neighbors or on its place."""

from __future__ import annotations

import torch
from torch import Tensor

from paretomtl.testing.compare import differ
from paretomtl.testing.faults.subject import Subject
from paretomtl.testing.samplers import Case

SPOILED: dict[str, float | str] = {
    "NaN": float("nan"),
    "infinite": float("inf"),
    "zero": 0.0,
    "stationary": "stationary",
}


def spoil(name: str, value: Tensor, position: int, poison: float | str) -> Tensor:
    """Return the tensor with the lane at `position` made bad; preference and keys stay good."""
    if name in ("preference", "keys", "steps", "ideal"):
        return value
    value = value.clone()
    if poison != "stationary":
        # losses of zero are bad input for a method that takes logarithms; NaN covers them
        value[position] = 1.0 if poison == 0.0 and name == "losses" else poison  # pyright: ignore[reportArgumentType]
    elif name in ("gramian", "cross_gramian"):
        m = value.shape[-1]
        value[position] = torch.eye(m, dtype=value.dtype) - 1 / m
    elif name == "jacobian":
        value[position] = value[position] - value[position].mean(-2, keepdim=True)
    return value


def alone(subject: Subject, case: Case) -> str:
    """A lane on its own, with and without a lane axis, answers as in a batch."""
    together = subject.run(case)
    for k in range(len(case.kinds)):
        for what, cut in (
            ("alone", slice(k, k + 1)),
            ("without a lane axis", k),
        ):
            # torch may choose another kernel for one lane: the answers must be equal nevertheless
            one = case.edit(lambda name, v, cut=cut: v[cut])
            found = differ(subject.run(one), together, ..., cut)
            if found:
                return f"lane {k} {what}: {found}"
    return ""


def place(subject: Subject, case: Case) -> str:
    """Turning the lanes around, or giving every lane twice, changes nothing."""
    together = subject.run(case)
    backward = subject.run(case.edit(lambda name, v: v.flip(0)))
    doubled = subject.run(case.edit(lambda name, v: torch.cat((v, v))))
    lanes = len(case.kinds)
    flipped = torch.arange(lanes - 1, -1, -1)
    return (
        differ(backward, together, ..., flipped)
        or differ(doubled, together, slice(0, lanes), ...)
        or differ(doubled, together, slice(lanes, None), ...)
    )


def neighbors(subject: Subject, case: Case) -> str:
    """A spoiled lane at any place changes no other."""
    lanes = len(case.kinds)
    if lanes < 2:
        return ""
    together = subject.run(case)
    for position in sorted({0, lanes // 2, lanes - 1}):
        others = torch.arange(lanes) != position
        for what, value in SPOILED.items():
            spoiled = case.edit(
                lambda name, v, value=value, position=position: spoil(name, v, position, value)
            )
            found = differ(subject.run(spoiled), together, others, others)
            if found:
                return f"lane {position} {what}: {found} in another"
    return ""
