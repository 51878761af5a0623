"""What identifies a run. Equal specs are the same work, done once.

A spec is plain data: it can be written as JSON, hashed, and sent to another machine. Its key is the
hash of its canonical JSON and of nothing else: not of the host, the batch, or the time.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from paretomtl.errors import BadInput

SPEC_VERSION = 1
"""Raised when the meaning of a field changes, so that old records are not taken for new work."""

OptionValue: TypeAlias = "float | int | bool | str | tuple[OptionValue, ...] | None"

OptimizerName: TypeAlias = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]
Schedule: TypeAlias = Literal["constant", "cosine"]
BudgetUnit: TypeAlias = Literal["steps", "passes", "seconds"]
Precision: TypeAlias = Literal["float64", "float32", "tf32", "bfloat16"]
Level: TypeAlias = Literal["parameters", "representation"]


@dataclass(frozen=True)
class Choice:
    """A registered problem or method with the options that differ from nothing: all that were given.

    Args:
        name: Registry name.
        options: The options given, by name; defaults are not repeated.
    """

    name: str
    options: tuple[tuple[str, OptionValue], ...] = ()

    @classmethod
    def of(cls, name: str, options: Mapping[str, Any] | None = None) -> Choice:
        """Build from a mapping; lists become tuples, keys are sorted."""
        items = sorted((options or {}).items())
        return cls(name, tuple((key, _frozen(value)) for key, value in items))

    @property
    def label(self) -> str:
        """`name` or `name(option=value, ...)`, as tables and legends show it."""
        if not self.options:
            return self.name
        return f"{self.name}({', '.join(f'{k}={_shown(v)}' for k, v in self.options)})"


@dataclass(frozen=True, kw_only=True)
class ConflictAware:
    """A learning rate that shrinks where tasks conflict and recovers where they agree.

    With s the smallest cosine between two task gradients and c = 1 - s in [0, 2], the rate is
    multiplied by `shrink` when c > `threshold`, else by `grow`, and kept within
    [`lowest`, `highest`] times the optimizer's `lr`. The direction is unchanged. It needs a method
    that reads gradients.

    Args:
        threshold: Largest tolerated c, in [0, 2]; 1 means any conflict.
        shrink: Factor in (0, 1].
        grow: Factor >= 1.
        lowest: Smallest multiple of the learning rate, > 0.
        highest: Largest multiple, >= `lowest`. Without such a cap equal tasks would diverge.
    """

    threshold: float = 1.0
    shrink: float = 0.9
    grow: float = 1.05
    lowest: float = 0.1
    highest: float = 1.0

    def __post_init__(self) -> None:
        for name in ("threshold", "shrink", "grow", "lowest", "highest"):
            _check_number(f"conflict `{name}`", getattr(self, name))
        if not 0 <= self.threshold <= 2:
            raise BadInput(f"conflict `threshold` must be in [0, 2]; found {self.threshold}.")
        if not (0 < self.shrink <= 1 <= self.grow < math.inf):
            raise BadInput(
                "conflict factors must satisfy 0 < `shrink` <= 1 <= `grow`; "
                f"found {self.shrink} and {self.grow}."
            )
        if not (0 < self.lowest <= self.highest < math.inf):
            raise BadInput(
                "conflict limits must satisfy 0 < `lowest` <= `highest`; "
                f"found {self.lowest} and {self.highest}."
            )


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How a direction becomes a step; element by element, so stacked lanes stay independent.

    Args:
        name: "sgd", "momentum" (heavy ball), "nesterov", "adam" or "adamw".
        lr: Learning rate, > 0.
        momentum: Decay of the velocity for "momentum" and "nesterov", in [0, 1).
        betas: Decay of the first and second moment for "adam" and "adamw", in [0, 1).
        eps: Added to the root of the second moment.
        weight_decay: L2 penalty on the parameters (decoupled for "adamw"), >= 0.
        schedule: "constant", or "cosine": the rate falls from `lr` to 0 over the budget, which ends the
            hovering of a fixed step around a kink; not with a budget in seconds.
        conflict: A conflict-aware learning rate on top; None for none.
    """

    name: OptimizerName = "adam"
    lr: float = 0.01
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    conflict: ConflictAware | None = None

    def __post_init__(self) -> None:
        known = ("sgd", "momentum", "nesterov", "adam", "adamw")
        if self.name not in known:
            raise BadInput(
                f"optimizer `name` must be one of {', '.join(known)}; found {self.name!r}."
            )
        for name in ("lr", "momentum", "eps", "weight_decay"):
            _check_number(f"optimizer `{name}`", getattr(self, name))
        betas: Any = self.betas
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:  # pyright: ignore[reportUnknownArgumentType]
            raise BadInput(f"optimizer `betas` must be two numbers in [0, 1); found {betas!r}.")
        object.__setattr__(self, "betas", tuple(betas))  # pyright: ignore[reportUnknownArgumentType]
        for value in self.betas:
            _check_number("optimizer `betas`", value)
        if self.conflict is not None and not isinstance(self.conflict, ConflictAware):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(
                f"optimizer `conflict` must be a ConflictAware; found {self.conflict!r}."
            )
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise BadInput(f"optimizer `lr` must be a finite number > 0; found {self.lr}.")
        for label, value in (("momentum", self.momentum), *(("betas", b) for b in self.betas)):
            if not 0 <= value < 1:
                raise BadInput(f"optimizer `{label}` must be in [0, 1); found {value}.")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise BadInput(f"optimizer `weight_decay` must be >= 0; found {self.weight_decay}.")
        if self.schedule not in ("constant", "cosine"):
            raise BadInput(
                f"optimizer `schedule` must be 'constant' or 'cosine'; found {self.schedule!r}."
            )
        if not (math.isfinite(self.eps) and self.eps >= 0):
            raise BadInput(f"optimizer `eps` must be >= 0; found {self.eps}.")


@dataclass(frozen=True, init=False)
class Budget:
    """When a run ends; exactly one unit is given.

    Args:
        steps: Updates of the parameters.
        passes: Backward passes of one lane: a step costs 1 for scalarizations, m for gradient methods.
        seconds: Wall-clock time of the whole batch; such runs are not reproducible to the bit.
    """

    unit: BudgetUnit
    amount: float

    def __init__(
        self,
        steps: int | None = None,
        *,
        passes: int | None = None,
        seconds: float | None = None,
    ) -> None:
        given = {
            unit: amount
            for unit, amount in (("steps", steps), ("passes", passes), ("seconds", seconds))
            if amount is not None
        }
        if len(given) != 1:
            raise BadInput(
                f"a budget is given in exactly one of steps, passes, seconds; found {given or 'none'}."
            )
        unit, amount = next(iter(given.items()))
        _check_number(f"budget `{unit}`", amount)
        if not math.isfinite(amount) or amount <= 0:
            raise BadInput(f"budget `{unit}` must be a positive number; found {amount!r}.")
        if unit != "seconds" and amount != int(amount):
            raise BadInput(f"budget `{unit}` must be a whole number; found {amount!r}.")
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "amount", float(amount) if unit == "seconds" else int(amount))

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Ends a run before its budget when its losses stand still.

    Every `every` steps the losses on the validation split (a formula's only split) are compared with
    those of the check before. A run stops after `patience` checks in a row at which no task's loss had
    moved by more than `tolerance * max(1, |loss|)`. The members of a set stop together.

    Args:
        every: Steps between two checks, >= 1.
        patience: Checks in a row without movement, >= 1.
        tolerance: What counts as no movement, >= 0.
    """

    every: int = 100
    patience: int = 3
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("every", "patience"):
            _check_count(f"stop `{name}`", getattr(self, name))
        _check_number("stop `tolerance`", self.tolerance)
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise BadInput(f"stop `tolerance` must be >= 0; found {self.tolerance}.")


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One optimisation trajectory, completely specified.

    Args:
        problem: Problem and its options.
        method: Method and its options (gamma is one of them).
        preference: On the simplex of the problem's objectives.
        seed: Determines start or initial weights, minibatches, and the method's draws.
        optimizer: How directions become steps.
        budget: When it ends.
        batch_size: Samples in a minibatch; None for the problem's own, ignored by analytic problems.
        precision: Floating-point type of parameters and losses; None: float64 analytic, float32 neural.
            "bfloat16" is mixed: parameters and losses in float32, what autocast allows in bfloat16;
            "tf32" is float32 with the matrix products of a GPU in TF32. Both for networks only.
        heads: Whether a gradient method's weights also scale the task-specific parameters.
        snapshots: How many log-spaced points of the trajectory are kept; None for 24, for networks those
            of them whose evaluation takes at most 3 % of the passes, and one in five in any case.
        population: For a set method the preferences of the whole set this run is a member of, since
            its trajectory depends on them; empty for every other method.
        stop: When the run ends before its budget; None for never.
        level: Where a gradient method sees the tasks' gradients: on the shared "parameters", or on the
            "representation" that the problem's heads read (cheaper; the Gramian is an upper bound).
    """

    problem: Choice
    method: Choice
    preference: tuple[float, ...]
    seed: int
    optimizer: Optimizer
    budget: Budget
    batch_size: int | None = None
    precision: Precision | None = None
    heads: Literal["unweighted", "weighted"] = "unweighted"
    snapshots: int | None = None
    population: tuple[tuple[float, ...], ...] = ()
    stop: Stop | None = None
    level: Level = "parameters"

    def __post_init__(self) -> None:
        for name, kind in (("budget", Budget), ("optimizer", Optimizer)):
            value: object = getattr(self, name)
            if not isinstance(value, kind):
                raise BadInput(f"`{name}` must be a {kind.__name__}; found {value!r}.")
        if self.stop is not None and not isinstance(self.stop, Stop):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"`stop` must be a Stop or None; found {self.stop!r}.")
        if self.batch_size is not None:
            _check_count("`batch_size`", self.batch_size)
        if self.snapshots is not None:
            _check_count("`snapshots`", self.snapshots)
        if self.precision is not None and not isinstance(self.precision, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(
                f"`precision` must be text, one of {', '.join(get_args(Precision))}, or None; found "
                f"{self.precision!r}."
            )
        for name, known in (
            ("heads", ("unweighted", "weighted")),
            ("level", ("parameters", "representation")),
        ):
            if getattr(self, name) not in known:
                raise BadInput(
                    f"`{name}` must be {' or '.join(map(repr, known))}; found {getattr(self, name)!r}."
                )

    def canonical(self) -> dict[str, Any]:
        """Return the spec as JSON-ready data.

        Fields younger than version 1 are left out at their defaults, so that a run keeps its key.
        """
        data = asdict(self)
        for name, default in (("stop", None), ("level", "parameters")):
            if data[name] == default:
                del data[name]
        return {"version": SPEC_VERSION, **jsonable(data)}

    @cached_property
    def key(self) -> str:
        """32 hexadecimal digits of the SHA-256 of the canonical JSON, whole floats written as integers.

        So `gamma=2` and `gamma=2.0`, which are equal, are the same work.
        """
        data = _whole(self.canonical())
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def jsonable(value: Any) -> Any:
    """Return plain JSON data; infinities become the strings "inf" and "-inf".

    Raises:
        BadInput: A number is NaN, which identifies nothing.
    """
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float) and math.isnan(value):
        raise BadInput("a spec cannot hold NaN: expected a number or an infinity.")
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _check_number(label: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"{label} must be a number; found {value!r}.")


def _check_count(label: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadInput(f"{label} must be a whole number >= 1; found {value!r}.")


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _whole(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_whole(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _frozen(value: Any) -> OptionValue:
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(v) for v in value)  # pyright: ignore[reportUnknownVariableType]
    return value


def _shown(value: OptionValue) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
