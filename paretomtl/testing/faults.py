"""What can be wrong with a method's answers to one case: every function returns it in words, or ""."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, Scalarization, SetMethod, Signals, State, unit_sum
from paretomtl.methods.inputs import answers_direction
from paretomtl.testing.compare import differ, relative, same
from paretomtl.testing.samplers import Case, kinds_for
from paretomtl.testing.samplers import run as advance


class Faults:
    """The faults that a method is searched for.

    Args:
        method: The method, constructed.
        seed: Determines what is drawn beside the case.
    """

    def __init__(self, method: Method, seed: int) -> None:
        self.method = method
        self.seed = seed
        self.tasks: tuple[int, ...] = ()
        self.kinds = kinds_for(method)

    def run(self, case: Case) -> tuple[list[Tensor], list[State]]:
        """Return answers and states of a copy: what one run leaves on it is not there for the next."""
        return advance(copy.copy(self.method), case)

    def shapes(self, case: Case) -> str:
        """Answers and state have the shape and type of their input, for any leading axes."""
        for dtype in (torch.float64, torch.float32):
            typed = _to(case, dtype)
            lanes = len(case.kinds)
            shaped = [typed, _bare(typed), typed.edit(lambda name, v: v[:0])]
            if lanes % 3 == 0:
                shaped.append(typed.edit(lambda name, v: v.reshape(3, -1, *v.shape[1:])))
            if lanes == 1:
                shaped.append(typed.edit(lambda name, v: v[0]))
            for one in shaped:
                what = self._shape_fault(one, dtype)
                if what:
                    return f"{what} (lanes of shape {list(one.batch)}, {_short(dtype)})"
        return ""

    def _shape_fault(self, case: Case, dtype: torch.dtype) -> str:
        answers, states = self.run(case)
        last = case.n if answers_direction(self.method) else case.m
        for answer in answers:
            if tuple(answer.shape) != (*case.batch, last):
                return (
                    f"the answer is {list(answer.shape)} where {[*case.batch, last]} was expected"
                )
            if answer.dtype != dtype:
                return f"the answer is {_short(answer.dtype)}"
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
                        f"{_short(before[name].dtype)} to {list(value.shape)} {_short(value.dtype)}"
                    )
        return ""

    def finite(self, case: Case) -> str:
        """Answers are finite, in float64 and float32."""
        for dtype in (torch.float64, torch.float32):
            answers, _ = self.run(_to(case, dtype))
            for t, answer in enumerate(answers):
                bad = ~answer.isfinite().flatten(1).all(-1)
                if bool(bad.any()):
                    kinds = [kind for kind, is_bad in zip(case.kinds, bad, strict=True) if is_bad]
                    return f"not finite in {_short(dtype)} at step {t} for {', '.join(kinds)}"
        return ""

    def alone(self, case: Case) -> str:
        """A lane on its own, with and without a lane axis, answers as in company."""
        together = self.run(case)
        for k in range(len(case.kinds)):
            for what, cut in (
                ("alone", slice(k, k + 1)),
                ("without a lane axis", k),
            ):
                # a lane on its own may take another kernel only if that rounds alike
                one = case.edit(lambda name, v, cut=cut: v[cut])
                kept = differ(self.run(one), together, ..., cut)
                if kept:
                    return f"lane {k} {what}: {kept}"
        return ""

    def place(self, case: Case) -> str:
        """Turning the lanes around, or giving every lane twice, changes nothing."""
        together = self.run(case)
        backward = self.run(case.edit(lambda name, v: v.flip(0)))
        doubled = self.run(case.edit(lambda name, v: torch.cat((v, v))))
        lanes = len(case.kinds)
        flipped = torch.arange(lanes - 1, -1, -1)
        return (
            differ(backward, together, ..., flipped)
            or differ(doubled, together, slice(0, lanes), ...)
            or differ(doubled, together, slice(lanes, None), ...)
        )

    def neighbors(self, case: Case) -> str:
        """A spoiled lane at any place leaves the others alone."""
        lanes = len(case.kinds)
        if lanes < 2:
            return ""
        together = self.run(case)
        for position in sorted({0, lanes // 2, lanes - 1}):
            others = torch.arange(lanes) != position
            for what, value in POISONS.items():
                spoiled = case.edit(
                    lambda name, v, value=value, position=position: _spoiled(
                        name, v, position, value
                    )
                )
                found = differ(self.run(spoiled), together, others, others)
                if found:
                    return f"lane {position} {what}: {found} in another"
        return ""

    def repeats(self, case: Case) -> str:
        """Whatever torch's global generator holds, answers are the same, and it is not drawn from."""
        torch_state = torch.get_rng_state()
        try:
            torch.manual_seed(1)
            once = self.run(case)
            untouched = torch.get_rng_state()
            torch.manual_seed(1)
            if not torch.equal(untouched, torch.get_rng_state()):
                return "torch's global generator was used"
            torch.manual_seed(2)
            return differ(self.run(case), once, ..., ...)
        finally:
            torch.set_rng_state(torch_state)

    def draws(self, case: Case) -> str:
        """Answers change with keys and steps where `random` is declared, and only there."""
        once = self.run(case)
        other_keys = self.run(_with(case, "keys", lambda v: v + 12345))
        if not self.method.random:
            later = self.run(_with(case, "steps", lambda v: v + 7))
            return differ(other_keys, once, ..., ..., "with other keys, ") or differ(
                later, once, ..., ..., "at a later step, "
            )
        # The order of two tasks may not matter, nor may draws in every lane: ask of all at once.
        if case.m < max(self.tasks) or len(case.kinds) < len(self.kinds):
            return ""
        for what, by in (("keys", 12345), ("steps", 1000)):
            answers, _ = self.run(_with(case, what, lambda v, by=by: v + by))
            if all(torch.equal(a, b) for a, b in zip(answers, once[0], strict=True)):
                return f"`random` is declared, but other {what} give the same answers"
        return ""

    def untouched(self, case: Case) -> str:
        """Neither the state nor the signals that a step was given are changed, whichever there are."""
        # rows scaled by a preference are copies, which would hide it
        with_ideal = _bare(case, ideal=torch.zeros(case.m, dtype=torch.float64))
        return self._touched(case) or self._touched(_bare(case)) or self._touched(with_ideal)

    def _touched(self, case: Case) -> str:
        method = copy.copy(self.method)
        kept = case.edit(lambda name, v: v.clone())
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
        for before, kept_state in zip(states, copies, strict=True):
            for name, value in before.items():
                if not same(value, kept_state[name]):
                    return f"state {name!r} was changed in place"
        for now, then in zip(case.signals, kept.signals, strict=True):
            for f in dataclasses.fields(Signals):
                value = getattr(now, f.name)
                if value is not None and not same(value, getattr(then, f.name)):
                    return f"`{f.name}` was changed in place"
        return ""

    def uniform(self, case: Case) -> str:
        """Compare where answers are continuous: elsewhere the rounding of m / m decides them."""
        plain = torch.tensor([kind in REGULAR for kind in case.kinds])
        even = _with(case, "preference", lambda v: torch.full_like(v, 1 / v.shape[-1]))
        for t, (a, b) in enumerate(zip(self.run(even)[0], self.run(_bare(case))[0], strict=True)):
            if a.shape != b.shape:
                return f"answers are {list(a.shape)} and {list(b.shape)}"
            error = relative(a[plain], b[plain])
            if error > 1e-6:
                return f"they differ by {error:.1e} of the answer at step {t}"
        return ""

    def heeded(self, case: Case) -> str:
        """Require it of some lane of the whole case; a set that spreads by itself need not."""
        if case.m < 2 or len(case.kinds) < len(self.kinds) or isinstance(self.method, SetMethod):
            return ""
        even = _with(case, "preference", lambda v: torch.full_like(v, 1 / v.shape[-1]))
        answers, _ = self.run(case)
        others, _ = self.run(even)
        if max(relative(a, b) for a, b in zip(answers, others, strict=True)) > 1e-6:
            return ""
        return "no preference changes any answer"

    def unit_sums(self, case: Case) -> str:
        """The scale "unit_sum" divides weights by their sum, and keeps a direction."""
        try:
            unit = dataclasses.replace(self.method, scale="unit_sum")
        except BadInput:
            return ""  # a method whose direction has no weights refuses the option
        if self.method.scale == "unit_sum":
            return ""
        ours, plain = advance(unit, case)[0], self.run(case)[0]
        for t, (a, b) in enumerate(zip(ours, plain, strict=True)):
            if answers_direction(self.method):
                error = relative(_unit(a), _unit(b))  # only the length may differ
            else:
                error = relative(a, unit_sum(b))
            if error > 1e-6:
                return f"the answer is off by {error:.1e} at step {t}"
        return ""

    def precision(self, case: Case) -> str:
        """Compare on lanes of kind "random": elsewhere rounding of the input decides the answer."""
        plain = torch.tensor([kind == "random" for kind in case.kinds])
        if not bool(plain.any()):
            return ""
        single = _to(case, torch.float32)
        double = _to(single, torch.float64)
        for t, (a, b) in enumerate(zip(self.run(single)[0], self.run(double)[0], strict=True)):
            error = relative(a[plain].double(), b[plain])
            if error > 1e-3:
                return f"they differ by {error:.1e} of the answer at step {t}"
        return ""

    def gradient(self, case: Case) -> str:
        """The weights of a scalarization are the gradient of its value."""
        assert isinstance(self.method, Scalarization)
        plain = dataclasses.replace(self.method, scale="paper")
        _, states = advance(plain, case)
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

    def gramian_alone(self, case: Case) -> str:
        """Another Jacobian beside the same Gramian changes nothing."""
        once = self.run(case)
        g = torch.Generator().manual_seed(self.seed)
        noisy = dataclasses.replace(
            case,
            signals=tuple(
                dataclasses.replace(
                    s,
                    jacobian=torch.randn(
                        *case.batch, case.m, case.n, dtype=torch.float64, generator=g
                    ),
                )
                for s in case.signals
            ),
        )
        return differ(self.run(noisy), once, ..., ..., "with another Jacobian, ")

    def compiled(self, case: Case) -> str:
        """One graph gives the same answer; traced without the code generator, so no C compiler is needed."""
        state = self.method.init(case.shapes())
        method = copy.copy(self.method)
        plain, _ = method.step(state, case.signals[0])
        torch.compiler.reset()
        step = torch.compile(method.step, fullgraph=True, dynamic=False, backend="aot_eager")
        answer, _ = step(state, case.signals[0])
        error = relative(answer, plain)
        return f"the compiled answer is off by {error:.1e}" if error > 1e-6 else ""


REGULAR = ("random", "aligned", "conflicting", "equal losses")
"""Kinds whose Gramian is far from singular."""


POISONS: dict[str, float | str] = {
    "NaN": float("nan"),
    "infinite": float("inf"),
    "zero": 0.0,
    "stationary": "stationary",
}


def _spoiled(name: str, value: Tensor, position: int, poison: float | str) -> Tensor:
    """Return the tensor with the lane at `position` made bad; preference and keys stay good."""
    if name in ("preference", "keys", "steps", "ideal"):
        return value
    value = value.clone()
    if poison != "stationary":
        # losses of zero are bad input for a method that takes logarithms: NaN tells the same
        value[position] = 1.0 if poison == 0.0 and name == "losses" else poison  # pyright: ignore[reportArgumentType]
    elif name in ("gramian", "cross_gramian"):
        m = value.shape[-1]
        value[position] = torch.eye(m, dtype=value.dtype) - 1 / m
    elif name == "jacobian":
        value[position] = value[position] - value[position].mean(-2, keepdim=True)
    return value


def _unit(directions: Tensor) -> Tensor:
    return directions / directions.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-150)


def _bare(case: Case, ideal: Tensor | None = None) -> Case:
    """Return the case without a preference."""
    return dataclasses.replace(
        case,
        signals=tuple(dataclasses.replace(s, preference=None, ideal=ideal) for s in case.signals),
    )


def _with(case: Case, field: str, change: Callable[[Tensor], Tensor]) -> Case:
    return case.edit(lambda name, v: change(v) if name == field else v)


def _to(case: Case, dtype: torch.dtype) -> Case:
    return case.edit(lambda name, v: v.to(dtype) if v.is_floating_point() else v)


def given(signals: Signals) -> Tensor:
    """Return the losses, which every case has."""
    assert signals.losses is not None
    return signals.losses


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
