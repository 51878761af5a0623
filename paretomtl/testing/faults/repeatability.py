"""Faults of repeatability: hidden random numbers, undeclared draws, inputs changed in place."""

from __future__ import annotations

import copy
import dataclasses

import torch

from paretomtl.methods.base import Signals
from paretomtl.testing.compare import differ, same
from paretomtl.testing.faults.subject import Subject, changed, without_preference
from paretomtl.testing.samplers import Case


def repeats(subject: Subject, case: Case) -> str:
    """Whatever torch's global generator holds, answers are the same, and it is not drawn from."""
    torch_state = torch.get_rng_state()
    try:
        torch.manual_seed(1)
        once = subject.run(case)
        after = torch.get_rng_state()
        torch.manual_seed(1)
        if not torch.equal(after, torch.get_rng_state()):
            return "torch's global generator was used"
        torch.manual_seed(2)
        return differ(subject.run(case), once, ..., ...)
    finally:
        torch.set_rng_state(torch_state)


def draws(subject: Subject, case: Case) -> str:
    """Answers change with keys and steps where `random` is declared, and only there."""
    once = subject.run(case)
    other_keys = subject.run(changed(case, "keys", lambda v: v + 12345))
    if not subject.method.random:
        later = subject.run(changed(case, "steps", lambda v: v + 7))
        return differ(other_keys, once, ..., ..., "with other keys, ") or differ(
            later, once, ..., ..., "at a later step, "
        )
    # The order of two tasks may not matter, nor may draws in every lane: ask of all at once.
    if case.m < max(subject.tasks) or len(case.kinds) < len(subject.kinds):
        return ""
    for what, by in (("keys", 12345), ("steps", 1000)):
        answers, _ = subject.run(changed(case, what, lambda v, by=by: v + by))
        if all(torch.equal(a, b) for a, b in zip(answers, once[0], strict=True)):
            return f"`random` is declared, but other {what} give the same answers"
    return ""


def untouched(subject: Subject, case: Case) -> str:
    """Neither the state nor the signals that a step was given are changed, whichever there are."""
    # rows scaled by a preference are copies, which would hide it
    with_ideal = without_preference(case, ideal=torch.zeros(case.m, dtype=torch.float64))
    return (
        _touched(subject, case)
        or _touched(subject, without_preference(case))
        or _touched(subject, with_ideal)
    )


def _touched(subject: Subject, case: Case) -> str:
    method = copy.copy(subject.method)
    original = case.edit(lambda name, v: v.clone())
    state = method.init(case.shapes())
    copies = [{name: v.clone() for name, v in state.items()}]
    states = [state]
    for now in case.signals[:-1]:
        _, state = method.step(state, now)
        states.append(state)
        copies.append({name: v.clone() for name, v in state.items()})
        if method.reads_next_losses:
            state = method.observe(state, now)
            states.append(state)
            copies.append({name: v.clone() for name, v in state.items()})
    for before, copied in zip(states, copies, strict=True):
        for name, value in before.items():
            if not same(value, copied[name]):
                return f"state {name!r} was changed in place"
    for now, then in zip(case.signals, original.signals, strict=True):
        for f in dataclasses.fields(Signals):
            value = getattr(now, f.name)
            if value is not None and not same(value, getattr(then, f.name)):
                return f"`{f.name}` was changed in place"
    return ""
