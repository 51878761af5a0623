"""Faults of an answer by itself: its shape and type, its finiteness, its precision, its graph."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from paretomtl.methods.inputs import answers_direction
from paretomtl.testing.compare import relative
from paretomtl.testing.faults.subject import Subject, dtype_name, to_dtype, without_preference
from paretomtl.testing.samplers import Case


def shapes(subject: Subject, case: Case) -> str:
    """Answers and state have the shape and type of their input, for any leading axes."""
    for dtype in (torch.float64, torch.float32):
        typed = to_dtype(case, dtype)
        lanes = len(case.kinds)
        shaped = [typed, without_preference(typed), typed.edit(lambda name, v: v[:0])]
        if lanes % 3 == 0:
            shaped.append(typed.edit(lambda name, v: v.reshape(3, -1, *v.shape[1:])))
        if lanes == 1:
            shaped.append(typed.edit(lambda name, v: v[0]))
        for one in shaped:
            what = _shape_fault(subject, one, dtype)
            if what:
                return f"{what} (lanes of shape {list(one.batch)}, {dtype_name(dtype)})"
    return ""


def _shape_fault(subject: Subject, case: Case, dtype: torch.dtype) -> str:
    answers, states = subject.run(case)
    last = case.n if answers_direction(subject.method) else case.m
    for answer in answers:
        if tuple(answer.shape) != (*case.batch, last):
            return f"the answer is {list(answer.shape)} where {[*case.batch, last]} was expected"
        if answer.dtype != dtype:
            return f"the answer is {dtype_name(answer.dtype)}"
    before = states[0]
    for state in states:
        if state.keys() != before.keys():
            return f"the state has {sorted(state)} after having had {sorted(before)}"
        for name, value in state.items():
            if not isinstance(value, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
                return f"state {name!r} is no tensor but {type(value).__name__}"
            if tuple(value.shape[: len(case.batch)]) != case.batch:
                return f"state {name!r} is {list(value.shape)}, without the lanes in front"
            if (value.shape, value.dtype) != (before[name].shape, before[name].dtype):
                return (
                    f"state {name!r} went from {list(before[name].shape)} "
                    f"{dtype_name(before[name].dtype)} to {list(value.shape)} {dtype_name(value.dtype)}"
                )
    return ""


def finite(subject: Subject, case: Case) -> str:
    """Answers are finite, in float64 and float32."""
    for dtype in (torch.float64, torch.float32):
        answers, _ = subject.run(to_dtype(case, dtype))
        for t, answer in enumerate(answers):
            bad = ~answer.isfinite().flatten(1).all(-1)
            if bool(bad.any()):
                kinds = [kind for kind, is_bad in zip(case.kinds, bad, strict=True) if is_bad]
                return f"not finite in {dtype_name(dtype)} at step {t} for {', '.join(kinds)}"
    return ""


def precision(subject: Subject, case: Case) -> str:
    """Answers in float32 and float64 agree.

    Compared on lanes of kind "random": elsewhere the rounding of the input decides the answer.
    """
    plain = torch.tensor([kind == "random" for kind in case.kinds])
    if not bool(plain.any()):
        return ""
    single = to_dtype(case, torch.float32)
    double = to_dtype(single, torch.float64)
    for t, (a, b) in enumerate(zip(subject.run(single)[0], subject.run(double)[0], strict=True)):
        error = relative(a[plain].double(), b[plain])
        if error > 1e-3:
            return f"they differ by {error:.1e} of the answer at step {t}"
    return ""


def compiled(subject: Subject, case: Case) -> str:
    """One graph gives the same answer; traced without the code generator, so no C compiler is needed."""
    state = subject.method.init(case.shapes())
    method = copy.copy(subject.method)
    plain, _ = method.step(state, case.signals[0])
    torch.compiler.reset()
    step = torch.compile(method.step, fullgraph=True, dynamic=False, backend="aot_eager")
    answer, _ = step(state, case.signals[0])
    error = relative(answer, plain)
    return f"the compiled answer is off by {error:.1e}" if error > 1e-6 else ""
