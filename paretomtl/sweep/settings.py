"""How a run is carried out: everything besides problem, method, preference and seed that changes its numbers.

A new setting is one field of `Settings`. Suites, `trace`, run specs, the cut into batches and the keys of
records follow from the fields.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from paretomtl.errors import BadInput

OptimizerName: TypeAlias = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]
Schedule: TypeAlias = Literal["constant", "cosine"]
BudgetUnit: TypeAlias = Literal["steps", "passes", "seconds"]
Precision: TypeAlias = Literal["float64", "float32", "tf32", "bfloat16"]
Heads: TypeAlias = Literal["unweighted", "weighted"]
Level: TypeAlias = Literal["parameters", "representation"]


YOUNGER = {"younger": True}
"""Marks a field, of the settings or of what they hold, that version 1 of the spec did not have. Canonical specs
leave it out at its default, so that a run which does not use it keeps the key it had before the field existed."""


# Above what they check: the defaults of `Settings` are constructed, and checked, on import.


def _check_number(label: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"{label} must be a number; found {value!r}.")


def _check_count(label: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadInput(f"{label} must be a whole number >= 1; found {value!r}.")


def _check_instance(name: str, value: object, kind: type, example: str) -> None:
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise BadInput(
            f"`{name}` must be {article} {kind.__name__}, such as {example}; found {value!r}."
        )


def _check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadInput(f"`{name}` must be one of {', '.join(known)}; found {value!r}.")


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
        known = get_args(OptimizerName)
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
class Settings:
    """How a run is carried out. Runs of different settings are never pooled.

    Args:
        optimizer: How directions become steps.
        budget: When a run ends; 1000 steps unless stated.
        batch_size: Samples in a minibatch of a network; None for the problem's own, ignored by formulas.
        precision: Floating-point type of parameters and losses; None: float64 for formulas, float32 for
            networks. "bfloat16" is mixed: parameters and losses in float32, what autocast allows in
            bfloat16; "tf32" is float32 with the matrix products of a GPU in TF32. Both for networks only.
        heads: Whether a gradient method's weights also scale the task-specific parameters.
        snapshots: How many log-spaced points of the trajectory are kept; None for 24, for networks those
            of them whose evaluation takes at most 3 % of the passes, and one in five in any case.
        stop: Ends a run before its budget, when its losses stand still; None for never.
        level: Where gradient methods see the tasks' gradients: on the shared "parameters", or on the
            "representation" that the problem's heads read (cheaper; the Gramian is an upper bound).

    Raises:
        BadInput: A field is of another type or outside its range.
    """

    optimizer: Optimizer = Optimizer()
    budget: Budget = Budget(steps=1000)
    batch_size: int | None = None
    precision: Precision | None = None
    heads: Heads = "unweighted"
    snapshots: int | None = None
    stop: Stop | None = field(default=None, metadata=YOUNGER)
    level: Level = field(default="parameters", metadata=YOUNGER)

    def __post_init__(self) -> None:
        _check_instance("budget", self.budget, Budget, "Budget(steps=100)")
        _check_instance("optimizer", self.optimizer, Optimizer, "Optimizer(name='sgd', lr=0.1)")
        if self.stop is not None:
            _check_instance("stop", self.stop, Stop, "Stop(every=100)")
        for name in ("batch_size", "snapshots"):
            if getattr(self, name) is not None:
                _check_count(f"`{name}`", getattr(self, name))
        if self.precision is not None:
            _check_choice("precision", self.precision, get_args(Precision))
        _check_choice("heads", self.heads, get_args(Heads))
        _check_choice("level", self.level, get_args(Level))

    @property
    def settings(self) -> Settings:
        """The settings alone, without what a subclass adds."""
        return Settings(**{name: getattr(self, name) for name in SETTINGS})


SETTINGS = tuple(f.name for f in dataclasses.fields(Settings))
"""The name of every setting."""
