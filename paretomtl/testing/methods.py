"""The contract kit for methods: run it on your own method, or `paretomtl check NAME`.

from paretomtl.testing.methods import check_method

for finding in check_method(MyMethod()):
    print(finding)
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    Method,
    Scalarization,
    SetMethod,
    Signals,
    State,
    Weighting,
    unit_sum,
)
from paretomtl.methods.inputs import answers_direction
from paretomtl.testing.findings import Check, Finding, run
from paretomtl.testing.samplers import Case, draw_case, kinds_for
from paretomtl.testing.samplers import run as advance

TASKS = (1, 2, 3, 6)
"""Numbers of tasks that are tried, unless told otherwise."""

Fault = Callable[[Case], str]
"""What is wrong with a method's answers to a case, in words; empty when nothing is."""


def check_method(
    method: Method, *, tasks: Sequence[int] | None = None, seed: int = 0, compiled: bool = False
) -> list[Finding]:
    """Check every line of the contract that a method must keep.

    Shapes and types; finite answers to inputs of every kind; a batch equals its lanes one by one, in
    any order, to the last bit; NaN, infinite, zero and stationary neighbors change nothing; draws
    depend on keys and steps alone; state is tensors with lanes in front; neither state nor signals
    are changed; the preference; the scale of the answer; float32 against float64; weights are the
    gradient of the value; the Gramian is all that a weighting reads. Stateful methods are taken
    through three steps.

    Args:
        method: The method, constructed.
        tasks: Numbers of tasks to try; None takes 1, 2, 3 and 6, less those that it refuses or that
            are fewer than `least_tasks`.
        seed: Determines all inputs.
        compiled: Whether to compile a step with `torch.compile(fullgraph=True)` too, which takes
            seconds; left out for methods whose card says why they cannot be compiled.

    Returns:
        One finding for every line, in a fixed order; lines that do not apply are left out, and all
        but the first where plain random input makes a step crash. A line that is broken names the
        smallest input that breaks it.

    Raises:
        BadInput: It is no method, or it takes none of the numbers of tasks.
    """
    if not isinstance(method, Method):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(f"the contract kit checks methods; found {type(method).__qualname__}.")
    kit = _Kit(method, seed)
    kit.choose_tasks(tasks)
    lines: list[tuple[str, Fault]] = [
        ("answer and state have the right shape and type", kit.shapes),
        ("answers are finite", kit.finite),
        ("a batch equals its lanes one by one, bitwise", kit.alone),
        ("a lane's answer does not depend on its place, bitwise", kit.place),
        ("neighbors that are NaN, infinite, zero or stationary change nothing", kit.neighbors),
        ("the same input gives the same answer", kit.repeats),
        ("draws depend on keys and steps alone", kit.draws),
        ("a step changes neither its state nor its signals", kit.untouched),
        ("the uniform preference is no preference", kit.uniform),
        ("a preference is heeded", kit.heeded),
        ("scale='unit_sum' divides by the sum of the weights", kit.unit_sums),
        ("float32 agrees with float64", kit.precision),
    ]
    if isinstance(method, Scalarization):
        lines.append(("weights are the gradient of the value", kit.gradient))
    if isinstance(method, Weighting):
        lines.append(("the Gramian is all that is read of the gradients", kit.gramian_alone))
    if kit.crashes:
        return run(
            ("the card and the options", kit.description), (lines[0][0], kit.line(*lines[0]))
        )
    checks: list[tuple[str, Check]] = [
        ("the card and the options", kit.description),
        ("a missing signal is refused", kit.missing),
        *((name, kit.line(name, fault)) for name, fault in lines),
        ("options of single lanes", kit.lane_options),
    ]
    if compiled and not method.card.not_compilable:
        name = "one graph for torch.compile"
        checks.append((name, kit.line(name, kit.compiled, kinds=("random",))))
    return run(*checks)


class _Kit:
    def __init__(self, method: Method, seed: int) -> None:
        self.method = method
        self.seed = seed
        self.tasks: tuple[int, ...] = ()
        self.kinds = kinds_for(method)
        self.crashes = False

    def choose_tasks(self, tasks: Sequence[int] | None) -> None:
        """Keep the numbers of tasks that the method does not refuse; those asked for, untried."""
        if tasks is not None:
            self.tasks = tuple(sorted(tasks))
            return
        refused = ""
        for m in TASKS:
            if m < self.method.least_tasks:
                continue
            try:
                advance(self.method, self.draw(("random",), m, m + 2))
            except BadInput as error:
                refused = str(error)
                continue
            except Exception:  # noqa: BLE001 - the line on shapes reports it
                self.crashes = True
            self.tasks = (*self.tasks, m)
        if not self.tasks:
            raise BadInput(f"no number of tasks among {TASKS} is accepted. {refused}".rstrip())

    def draw(self, kinds: Sequence[str], m: int, n: int, *, preference: bool = True) -> Case:
        return draw_case(self.method, kinds, m, n, preference=preference, seed=self.seed)

    def line(self, name: str, fault: Fault, kinds: Sequence[str] = ()) -> Check:
        """Return the check of one line: all kinds at once, and where that fails, ever smaller."""

        def check() -> Iterator[Finding]:
            for m in self.tasks:
                case = self.draw(kinds or self.kinds, m, m + 2)
                what = _words(fault, case)
                if what:
                    what, case = self._smallest(fault, case.kinds, m) or (what, case)
                    yield Finding(name, ok=False, detail=f"{what}; {case}")
                    return
            yield Finding(name, ok=True, detail=f"m = {', '.join(map(str, self.tasks))}")

        return check

    def _smallest(self, fault: Fault, kinds: Sequence[str], most: int) -> tuple[str, Case] | None:
        for m in (m for m in self.tasks if m <= most):
            for lanes in (1, 2, 3):
                for n in (1, 2, m + 2):
                    for kind in kinds:
                        case = self.draw((kind, *kinds)[:lanes], m, n)
                        what = _words(fault, case)
                        if what:
                            return what, case
        return None

    # The faults, each for one case.

    def shapes(self, case: Case) -> str:
        for dtype in (torch.float64, torch.float32):
            typed = _to(case, dtype)
            lanes = len(case.kinds)
            shaped = [typed, typed.edit(lambda name, v: v[:0])]
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
        answers, states = advance(self.method, case)
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
        for dtype in (torch.float64, torch.float32):
            answers, _ = advance(self.method, _to(case, dtype))
            for t, answer in enumerate(answers):
                bad = ~answer.isfinite().flatten(1).all(-1)
                if bool(bad.any()):
                    kinds = [kind for kind, is_bad in zip(case.kinds, bad, strict=True) if is_bad]
                    return f"not finite in {_short(dtype)} at step {t} for {', '.join(kinds)}"
        return ""

    def alone(self, case: Case) -> str:
        together = advance(self.method, case)
        for k in range(len(case.kinds)):
            for what, cut in (
                ("alone", slice(k, k + 1)),
                ("without a lane axis", k),
            ):
                # a lane on its own may take another kernel only if that rounds alike
                one = case.edit(lambda name, v, cut=cut: v[cut])
                kept = _differ(advance(self.method, one), together, ..., cut)
                if kept:
                    return f"lane {k} {what}: {kept}"
        return ""

    def place(self, case: Case) -> str:
        together = advance(self.method, case)
        backward = advance(self.method, case.edit(lambda name, v: v.flip(0)))
        doubled = advance(self.method, case.edit(lambda name, v: torch.cat((v, v))))
        lanes = len(case.kinds)
        flipped = torch.arange(lanes - 1, -1, -1)
        return (
            _differ(backward, together, ..., flipped)
            or _differ(doubled, together, slice(0, lanes), ...)
            or _differ(doubled, together, slice(lanes, None), ...)
        )

    def neighbors(self, case: Case) -> str:
        lanes = len(case.kinds)
        if lanes < 2:
            return ""
        together = advance(self.method, case)
        for position in sorted({0, lanes // 2, lanes - 1}):
            others = torch.arange(lanes) != position
            for what, value in POISONS.items():
                spoiled = case.edit(
                    lambda name, v, value=value, position=position: _spoiled(
                        name, v, position, value
                    )
                )
                found = _differ(advance(self.method, spoiled), together, others, others)
                if found:
                    return f"lane {position} {what}: {found} in another"
        return ""

    def repeats(self, case: Case) -> str:
        torch_state = torch.get_rng_state()
        try:
            torch.manual_seed(1)
            once = advance(self.method, case)
            untouched = torch.get_rng_state()
            torch.manual_seed(1)
            if not torch.equal(untouched, torch.get_rng_state()):
                return "torch's global generator was used"
            torch.manual_seed(2)
            return _differ(advance(self.method, case), once, ..., ...)
        finally:
            torch.set_rng_state(torch_state)

    def draws(self, case: Case) -> str:
        once = advance(self.method, case)
        other_keys = advance(self.method, _with(case, "keys", lambda v: v + 12345))
        if not self.method.random:
            later = advance(self.method, _with(case, "steps", lambda v: v + 7))
            return _differ(other_keys, once, ..., ..., "with other keys, ") or _differ(
                later, once, ..., ..., "at a later step, "
            )
        # The order of two tasks may not matter, nor may draws in every lane: ask of all at once.
        if case.m < max(self.tasks) or len(case.kinds) < len(self.kinds):
            return ""
        for what, by in (("keys", 12345), ("steps", 1000)):
            answers, _ = advance(self.method, _with(case, what, lambda v, by=by: v + by))
            if all(torch.equal(a, b) for a, b in zip(answers, once[0], strict=True)):
                return f"`random` is declared, but other {what} give the same answers"
        return ""

    def untouched(self, case: Case) -> str:
        kept = case.edit(lambda name, v: v.clone())
        state = self.method.init(case.batch, case.m, n_parameters=case.n, dtype=torch.float64)
        copies = [{name: v.clone() for name, v in state.items()}]
        states = [state]
        for now in case.signals[:-1]:
            _, state = self.method.step(state, now)
            states.append(state)
            copies.append({name: v.clone() for name, v in state.items()})
            if self.method.reads_next_losses:
                state = self.method.observe(state, now)
                states.append(state)
                copies.append({name: v.clone() for name, v in state.items()})
        for before, copy in zip(states, copies, strict=True):
            for name, value in before.items():
                if not _same(value, copy[name]):
                    return f"state {name!r} was changed in place"
        for now, then in zip(case.signals, kept.signals, strict=True):
            for f in dataclasses.fields(Signals):
                value = getattr(now, f.name)
                if value is not None and not _same(value, getattr(then, f.name)):
                    return f"`{f.name}` was changed in place"
        return ""

    def uniform(self, case: Case) -> str:
        """Compare where answers are continuous: elsewhere the rounding of m / m decides them."""
        plain = torch.tensor([kind in REGULAR for kind in case.kinds])
        even = _with(case, "preference", lambda v: torch.full_like(v, 1 / v.shape[-1]))
        none = dataclasses.replace(
            case, signals=tuple(dataclasses.replace(s, preference=None) for s in case.signals)
        )
        for t, (a, b) in enumerate(
            zip(advance(self.method, even)[0], advance(self.method, none)[0], strict=True)
        ):
            error = _relative(a[plain], b[plain])
            if error > 1e-6:
                return f"they differ by {error:.1e} of the answer at step {t}"
        return ""

    def heeded(self, case: Case) -> str:
        """Require it of some lane of the whole case; a set that spreads by itself need not."""
        if case.m < 2 or len(case.kinds) < len(self.kinds) or isinstance(self.method, SetMethod):
            return ""
        even = _with(case, "preference", lambda v: torch.full_like(v, 1 / v.shape[-1]))
        answers, _ = advance(self.method, case)
        others, _ = advance(self.method, even)
        if max(_relative(a, b) for a, b in zip(answers, others, strict=True)) > 1e-6:
            return ""
        return "no preference changes any answer"

    def unit_sums(self, case: Case) -> str:
        try:
            unit = dataclasses.replace(self.method, scale="unit_sum")
        except BadInput:
            return ""  # a method whose direction has no weights refuses the option
        if self.method.scale == "unit_sum":
            return ""
        ours, plain = advance(unit, case)[0], advance(self.method, case)[0]
        for t, (a, b) in enumerate(zip(ours, plain, strict=True)):
            if answers_direction(self.method):
                error = _relative(_unit(a), _unit(b))  # only the length may differ
            else:
                error = _relative(a, unit_sum(b))
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
        for t, (a, b) in enumerate(
            zip(advance(self.method, single)[0], advance(self.method, double)[0], strict=True)
        ):
            error = _relative(a[plain].double(), b[plain])
            if error > 1e-3:
                return f"they differ by {error:.1e} of the answer at step {t}"
        return ""

    def gradient(self, case: Case) -> str:
        assert isinstance(self.method, Scalarization)
        plain = dataclasses.replace(self.method, scale="paper")
        _, states = advance(plain, case)
        for t, (state, now) in enumerate(zip(states, case.signals[:-1], strict=False)):
            losses = _given(now).clone().requires_grad_()
            value = plain.value(state, dataclasses.replace(now, losses=losses))
            if value.shape != losses.shape[:-1]:
                return f"value is {list(value.shape)} where {list(losses.shape[:-1])} was expected"
            (slope,) = torch.autograd.grad(value.sum(), losses, materialize_grads=True)
            error = _relative(slope, plain.weights(state, now).detach())
            if not error <= 1e-6:
                return f"they differ by {error:.1e} of the weights at step {t}"
        return ""

    def gramian_alone(self, case: Case) -> str:
        once = advance(self.method, case)
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
        return _differ(advance(self.method, noisy), once, ..., ..., "with another Jacobian, ")

    def compiled(self, case: Case) -> str:
        state = self.method.init(case.batch, case.m, n_parameters=case.n, dtype=torch.float64)
        plain, _ = self.method.step(state, case.signals[0])
        torch.compiler.reset()
        step = torch.compile(self.method.step, fullgraph=True, dynamic=False)
        answer, _ = step(state, case.signals[0])
        error = _relative(answer, plain)
        return f"the compiled answer is off by {error:.1e}" if error > 1e-6 else ""

    # Checks that need no case.

    def description(self) -> Iterator[Finding]:
        cls = type(self.method)
        card = getattr(cls, "card", None)
        lacks = [
            name
            for name in ("title", "formula", "source")
            if not getattr(card, name, "")  # None has none of them
        ]
        yield Finding(
            "the card says title, formula and source",
            not lacks,
            f"it lacks {', '.join(lacks)}" if lacks else "",
        )
        yield Finding("options are the fields of a frozen dataclass", *_decorated(cls))

    def missing(self) -> Iterator[Finding]:
        m = self.tasks[-1]
        case = self.draw(("random",), m, m + 2)
        signals = case.signals[0]
        reads: list[tuple[str, ...]] = [("losses",)] if self.method.reads_losses else []
        if answers_direction(self.method):
            reads.append(("jacobian",))
        elif isinstance(self.method, Weighting):
            reads.append(("gramian", "cross_gramian"))
        if self.method.random:
            reads.append(("keys",))
        told = ", ".join(names[0] for names in reads)
        for names in reads:
            what = self._accepts(signals, names)
            if what:
                yield Finding("a missing signal is refused", ok=False, detail=what)
                return
        yield Finding("a missing signal is refused", ok=True, detail=f"reads {told}")
        spare = [
            n
            for n, used in (("losses", self.method.reads_losses), ("keys", self.method.random))
            if not used
        ]
        without = dataclasses.replace(signals, **dict.fromkeys((*spare, "ideal")))
        name = "what is not declared is not needed"
        state = self.method.init(case.batch, m, n_parameters=case.n)
        full, _ = self.method.step(state, signals)
        try:
            less, _ = self.method.step(state, without)
        except Exception as error:  # noqa: BLE001 - any error is the finding
            what = f"without {', '.join(spare)}: {type(error).__name__}: {error}"
            yield Finding(name, ok=False, detail=what)
            return
        yield Finding(name, _same(full, less), f"works without {', '.join(spare)}" if spare else "")

    def _accepts(self, signals: Signals, names: tuple[str, ...]) -> str:
        """Say what happened without some signals, unless BadInput was raised."""
        losses = _given(signals)
        state = self.method.init(
            losses.shape[:-1], losses.shape[-1], n_parameters=losses.shape[-1] + 2
        )
        try:
            self.method.step(state, dataclasses.replace(signals, **dict.fromkeys(names)))
        except BadInput:
            return ""
        except Exception as error:  # noqa: BLE001 - any other error is the finding
            return f"without `{names[0]}`: {type(error).__name__} instead of BadInput: {error}"
        return f"a step without `{names[0]}` was made"

    def lane_options(self) -> Iterator[Finding]:
        """Stack the method with one that differs in one option; each lane must keep its own."""
        if isinstance(self.method, SetMethod):
            return
        name = "options of single lanes"
        m = self.tasks[-1]
        case = self.draw(("random", "conflicting"), m, m + 2)
        tried: list[str] = []
        for f in dataclasses.fields(self.method):
            if not f.metadata.get("lane"):
                continue
            other = self._changed(f.name)
            if other is None:
                continue
            tried.append(f.name)
            stacked = advance(type(self.method).stack([self.method, other]), case)
            for k, one in enumerate((self.method, other)):
                alone = case.edit(lambda name, v, k=k: v[k : k + 1])
                if not _close(advance(one, alone), stacked, k):
                    yield Finding(
                        name,
                        ok=False,
                        detail=f"a lane with its own {f.name!r} answers otherwise than alone",
                    )
                    return
        if tried:
            yield Finding(name, ok=True, detail=", ".join(tried))

    def _changed(self, option: str) -> Method | None:
        value = getattr(self.method, option)
        if not isinstance(value, float):
            return None
        for other in (0.7 * value, 1.3 * value, value + 0.5, 2.0):
            try:
                changed = dataclasses.replace(self.method, **{option: other})
            except BadInput:
                continue
            if other != value:
                return changed
        return None


REGULAR = ("random", "aligned", "conflicting", "equal losses")
"""Kinds whose Gramian is far from singular."""


def _decorated(cls: type) -> tuple[bool, str]:
    """Tell whether what a class adds to its base are fields, and what to do otherwise."""
    told = "decorate it @dataclass(frozen=True, kw_only=True, eq=False)"
    if "__dataclass_params__" in vars(cls):
        frozen: bool = vars(cls)["__dataclass_params__"].frozen
        return frozen, "" if frozen else told
    own = inspect.get_annotations(cls)
    forgotten = [name for name, kind in own.items() if "ClassVar" not in str(kind)]
    if forgotten:
        return False, f"{', '.join(forgotten)}: {told}"
    if "__init__" in vars(cls):
        return False, f"it has an __init__ of its own: {told}"
    return True, ""


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


def _words(fault: Fault, case: Case) -> str:
    """Return what is wrong; a crash is what is wrong, too."""
    try:
        return fault(case)
    except Exception as error:  # noqa: BLE001 - the code under test may raise anything
        return f"{type(error).__name__}: {error}"


Run = tuple[list[Tensor], list[State]]


def _differ(one: Run, other: Run, mine: Any, theirs: Any, when: str = "") -> str:
    """Say where the answers or states of some lanes of two runs differ in any bit."""
    for t, (a, b) in enumerate(zip(one[0], other[0], strict=True)):
        if not _same(a[mine], b[theirs]):
            return f"{when}the answer differs at step {t} by {_relative(a[mine], b[theirs]):.1e}"
    for t, (before, after) in enumerate(zip(one[1], other[1], strict=True)):
        for name, value in before.items():
            if not _same(value[mine], after[name][theirs]):
                return f"{when}state {name!r} differs {f'after step {t - 1}' if t else 'from the start'}"
    return ""


def _close(one: Run, other: Run, k: int) -> bool:
    return all(_relative(a[0], b[k]) < 1e-9 for a, b in zip(one[0], other[0], strict=True))


def _same(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return torch.equal(a, b) or bool(((a == b) | (a.isnan() & b.isnan())).all())


def _relative(a: Tensor, b: Tensor) -> float:
    """Return the largest difference, of the largest entry of each lane of `b`."""
    if not a.numel():
        return 0.0
    size = b.abs().amax(-1, keepdim=True).clamp(min=1e-300)
    error = ((a - b).abs() / size).amax()
    return float("inf") if bool(error.isnan()) else float(error)


def _unit(directions: Tensor) -> Tensor:
    return directions / directions.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-150)


def _with(case: Case, field: str, change: Callable[[Tensor], Tensor]) -> Case:
    return case.edit(lambda name, v: change(v) if name == field else v)


def _to(case: Case, dtype: torch.dtype) -> Case:
    return case.edit(lambda name, v: v.to(dtype) if v.is_floating_point() else v)


def _given(signals: Signals) -> Tensor:
    assert signals.losses is not None
    return signals.losses


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
