"""Faults of meaning: what the preference, the scale and the method's type promise of an answer."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Scalarization, SetMethod, unit_sum
from paretomtl.methods.inputs import answers_direction
from paretomtl.testing.compare import differ, relative
from paretomtl.testing.faults.subject import (
    Subject,
    given,
    with_uniform_preference,
    without_preference,
)
from paretomtl.testing.samplers import Case, run

REGULAR = ("random", "aligned", "conflicting", "equal losses")
"""Kinds whose Gramian is far from singular."""


def uniform(subject: Subject, case: Case) -> str:
    """The uniform preference gives the answer of no preference.

    Compared where answers are continuous: elsewhere the rounding of m / m decides them.
    """
    plain = torch.tensor([kind in REGULAR for kind in case.kinds])
    even = with_uniform_preference(case)
    for t, (a, b) in enumerate(
        zip(subject.run(even)[0], subject.run(without_preference(case))[0], strict=True)
    ):
        if a.shape != b.shape:
            return f"answers are {list(a.shape)} and {list(b.shape)}"
        error = relative(a[plain], b[plain])
        if error > 1e-6:
            return f"they differ by {error:.1e} of the answer at step {t}"
    return ""


def heeded(subject: Subject, case: Case) -> str:
    """Another preference changes the answer of some lane.

    Asked of cases with every kind of lane; a set method may spread its members by itself.
    """
    if case.m < 2 or len(case.kinds) < len(subject.kinds) or isinstance(subject.method, SetMethod):
        return ""
    even = with_uniform_preference(case)
    answers, _ = subject.run(case)
    others, _ = subject.run(even)
    if max(relative(a, b) for a, b in zip(answers, others, strict=True)) > 1e-6:
        return ""
    return "no preference changes any answer"


def unit_sums(subject: Subject, case: Case) -> str:
    """The scale "unit_sum" divides weights by their sum, and keeps a direction."""
    try:
        unit = dataclasses.replace(subject.method, scale="unit_sum")
    except BadInput:
        return ""  # a method whose direction has no weights refuses the option
    if subject.method.scale == "unit_sum":
        return ""
    ours, plain = run(unit, case)[0], subject.run(case)[0]
    for t, (a, b) in enumerate(zip(ours, plain, strict=True)):
        if answers_direction(subject.method):
            error = relative(_unit(a), _unit(b))  # only the length may differ
        else:
            error = relative(a, unit_sum(b))
        if error > 1e-6:
            return f"the answer is off by {error:.1e} at step {t}"
    return ""


def gradient(subject: Subject, case: Case) -> str:
    """The weights of a scalarization are the gradient of its value."""
    assert isinstance(subject.method, Scalarization)
    plain = dataclasses.replace(subject.method, scale="paper")
    _, states = run(plain, case)
    for t, (state, now) in enumerate(zip(states, case.signals[:-1], strict=False)):
        losses = given(now).clone().requires_grad_()
        value = plain.value(state, dataclasses.replace(now, losses=losses))
        if value.shape != losses.shape[:-1]:
            return f"value is {list(value.shape)} where {list(losses.shape[:-1])} was expected"
        (slope,) = torch.autograd.grad(value.sum(), losses, materialize_grads=True)
        error = relative(slope, plain.weights(state, now).detach())
        if not error <= 1e-6:
            return f"they differ by {error:.1e} of the weights at step {t}"
    return ""


def gramian_alone(subject: Subject, case: Case) -> str:
    """Another Jacobian beside the same Gramian changes nothing."""
    once = subject.run(case)
    g = torch.Generator().manual_seed(subject.seed)
    noisy = dataclasses.replace(
        case,
        signals=tuple(
            dataclasses.replace(
                s,
                jacobian=torch.randn(*case.batch, case.m, case.n, dtype=torch.float64, generator=g),
            )
            for s in case.signals
        ),
    )
    return differ(subject.run(noisy), once, ..., ..., "with another Jacobian, ")


def _unit(directions: Tensor) -> Tensor:
    return directions / directions.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-150)
