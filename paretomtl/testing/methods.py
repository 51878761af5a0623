"""The contract kit for methods: run it on your own method, or `paretomtl check NAME`.

from paretomtl.testing.methods import check_method

for finding in check_method(MyMethod()):
    print(finding)
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    LaneShapes,
    Method,
    Scalarization,
    SetMethod,
    Signals,
    Weighting,
)
from paretomtl.methods.inputs import answers_direction
from paretomtl.testing.compare import close, same
from paretomtl.testing.faults import Faults, given
from paretomtl.testing.findings import Check, Finding, run
from paretomtl.testing.samplers import Case, draw_case
from paretomtl.testing.samplers import run as advance

TASKS = (1, 2, 3, 6)
"""Numbers of tasks that are tried, unless others are asked for."""

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
    # as constructed: what earlier steps may have left on it is not there for the kit
    method = dataclasses.replace(method) if dataclasses.is_dataclass(method) else copy.copy(method)
    kit = _Kit(method, seed)
    kit.choose_tasks(tasks)
    return run(*_checks(kit, compiled=compiled))


def _checks(kit: _Kit, *, compiled: bool) -> list[tuple[str, Check]]:
    """Return every check that applies, in order; where a plain step crashes, the first two."""
    lines = _lines(kit)
    (first, fault), description = lines[0], ("the card and the options", kit.description)
    if kit.crashes:
        return [description, (first, kit.line(first, fault))]
    checks: list[tuple[str, Check]] = [
        description,
        ("a missing signal is refused", kit.missing),
        *((name, kit.line(name, fault)) for name, fault in lines),
        ("options of single lanes", kit.lane_options),
    ]
    if compiled and not kit.method.card.not_compilable:
        name = "one graph for torch.compile"
        checks.append((name, kit.line(name, kit.compiled, kinds=("random",))))
    return checks


def _lines(kit: _Kit) -> list[tuple[str, Fault]]:
    """Return the lines of the contract that are looked for in cases of every kind."""
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
    if isinstance(kit.method, Scalarization):
        lines.append(("weights are the gradient of the value", kit.gradient))
    if isinstance(kit.method, Weighting):
        lines.append(("the Gramian is all that is read of the gradients", kit.gramian_alone))
    return lines


class _Kit(Faults):
    crashes = False

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
                self.run(self.draw(("random",), m, m + 2))
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
        read = ", ".join(names[0] for names in reads)
        for names in reads:
            what = self._accepts(signals, names)
            if what:
                yield Finding("a missing signal is refused", ok=False, detail=f"{what}; {case}")
                return
        yield Finding("a missing signal is refused", ok=True, detail=f"reads {read}")
        spare = [
            n
            for n, used in (("losses", self.method.reads_losses), ("keys", self.method.random))
            if not used
        ]
        without = dataclasses.replace(signals, **dict.fromkeys((*spare, "ideal")))
        name = "what is not declared is not needed"
        state = self.method.init(case.shapes())
        full, _ = copy.copy(self.method).step(state, signals)
        try:
            less, _ = copy.copy(self.method).step(state, without)
        except Exception as error:  # noqa: BLE001 - any error is the finding
            what = f"without {', '.join(spare)}: {type(error).__name__}: {error}"
            yield Finding(name, ok=False, detail=what)
            return
        yield Finding(name, same(full, less), f"works without {', '.join(spare)}" if spare else "")

    def _accepts(self, signals: Signals, names: tuple[str, ...]) -> str:
        """Say what happened without some signals, unless BadInput was raised."""
        losses = given(signals)
        m = losses.shape[-1]
        state = self.method.init(LaneShapes(tuple(losses.shape[:-1]), m, n_parameters=m + 2))
        try:
            copy.copy(self.method).step(state, dataclasses.replace(signals, **dict.fromkeys(names)))
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
            pairs = list(self._pairs(f, m))
            tried += [f.name] * bool(pairs)
            for pair in pairs:
                stacked = advance(type(self.method).stack(pair), case)
                for k, one in enumerate(pair):
                    alone = case.edit(lambda name, v, k=k: v[k : k + 1])
                    if not close(advance(copy.copy(one), alone), stacked, k):
                        values = " and ".join(repr(getattr(own, f.name)) for own in pair)
                        what = f"a lane with its own {f.name!r} ({values}) answers otherwise than alone"
                        yield Finding(name, ok=False, detail=f"{what}; {case}")
                        return
        if tried:
            yield Finding(name, ok=True, detail=", ".join(tried))

    def _pairs(self, field: dataclasses.Field[Any], m: int) -> Iterator[list[Method]]:
        """Yield pairs of methods that differ in one option and may share a batch."""
        value = getattr(self.method, field.name)
        if isinstance(value, bool) or not (value is None or isinstance(value, (int, float))):
            return
        numbers = [1.0, 2.0, 0.5] if value is None else [0.7 * value, 1.3 * value, value + 0.5, 2.0]
        changed = self._with(field.name, numbers)
        first, *others = changed if value is None else [self.method, *changed]
        if not others:
            return
        yield [first, others[0]]
        base = getattr(others[0], field.name)
        if field.metadata.get("task") and isinstance(base, float):
            spread = self._with(field.name, [tuple(base * (1 + 0.1 * i) for i in range(m))])
            yield from ([others[0], own] for own in spread)

    def _with(self, option: str, values: Sequence[Any]) -> list[Method]:
        """Return the method with each value that it takes and that is not its own."""
        found: list[Method] = []
        for value in values:
            try:
                changed = dataclasses.replace(self.method, **{option: value})
            except BadInput:
                continue
            if getattr(changed, option) != getattr(self.method, option):
                found.append(changed)
        return found


def _decorated(cls: type) -> tuple[bool, str]:
    """Tell whether what a class adds to its base are fields, and what to do otherwise."""
    advice = "decorate it @dataclass(frozen=True, kw_only=True, eq=False)"
    if "__dataclass_params__" in vars(cls):
        frozen: bool = vars(cls)["__dataclass_params__"].frozen
        return frozen, "" if frozen else advice
    own = inspect.get_annotations(cls)
    forgotten = [name for name, kind in own.items() if "ClassVar" not in str(kind)]
    if forgotten:
        return False, f"{', '.join(forgotten)}: {advice}"
    if "__init__" in vars(cls):
        return False, f"it has an __init__ of its own: {advice}"
    return True, ""


def _words(fault: Fault, case: Case) -> str:
    """Return what is wrong; a crash is what is wrong, too."""
    try:
        return fault(case)
    except Exception as error:  # noqa: BLE001 - the code under test may raise anything
        return f"{type(error).__name__}: {error}"
