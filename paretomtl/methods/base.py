"""What a method is: a function of tensors, constructed from its own options and nothing else.

What a method may read is its type. The engine computes only what the type needs:

| type | reads | returns | cost of a step |
|---|---|---|---|
| `Scalarization` | losses | weights = gradient of a scalar | one backward pass |
| `Weighting` | Gramian (and losses) | weights | m backward passes |
| `Aggregator` | Jacobian (and losses) | direction | m backward passes and [lanes, m, n] memory |
| `SetMethod` | a whole set of lanes at once | weights or direction of each member | m backward passes |

State is a dict of tensors with the lanes in front: `init` returns the first, `step` the next one and
never changes the one it was given, so that a run can be stopped, saved, cut and resumed.
"""

from __future__ import annotations

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.state import LaneShapes as LaneShapes
from paretomtl.methods.state import State as State
from paretomtl.registry import Registry
from paretomtl.shapes import Direction, Gramian, Jacobian, Keys, Losses, Preference, Weights


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a person should know of a method before using it; shown by `paretomtl show`.

    Args:
        title: The name as the paper writes it.
        formula: The definition, in plain text.
        source: Paper and equation.
        departures: Where we differ from the source, and why.
        peers: What other libraries do under this name, one line each.
        cost: Complexity of a step beyond the backward passes, in m and n.
        not_compilable: Why `torch.compile(fullgraph=True)` cannot take it; empty when it can.
    """

    title: str
    formula: str
    source: str
    departures: str = ""
    peers: tuple[str, ...] = ()
    cost: str = ""
    not_compilable: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signals:
    """What one step shows to a method, lanes in front. Only what the method's type reads is there.

    Args:
        losses: Losses on the minibatch, before the step.
        gramian: `J J^T` over the shared parameters.
        cross_gramian: `J1 J2^T` of two independent minibatches (methods with `minibatches` = 2).
        jacobian: Gradients of the losses by the shared parameters; at the level of the representation by
            its numbers, sample after sample.
        representation: What the heads read, [*batch, samples, features]; only where gradients are taken
            there.
        preference: On the simplex; None means uniform.
        ideal: The problem's ideal point, [m]; None means the origin.
        keys: One random key a lane; with `steps` it determines every draw.
        steps: How many steps the lane has made, [*batch] int64; None means 0.
    """

    losses: Losses | None = None
    gramian: Gramian | None = None
    cross_gramian: Gramian | None = None
    jacobian: Jacobian | None = None
    representation: Float[Tensor, "*batch samples features"] | None = None
    preference: Preference | None = None
    ideal: Tensor | None = None
    keys: Keys | None = None
    steps: Tensor | None = None


T = TypeVar("T")


class _ByOptions:
    """A class variable of methods that looks at the options when asked of an instance."""

    def __init__(self, of: Callable[[Any], object], default: object) -> None:
        self._of, self._default = of, default

    def __get__(self, instance: object, owner: type | None = None) -> object:
        return self._default if instance is None else self._of(instance)


def by_options(of: Callable[[Any], T], *, default: T) -> T:
    """Declare a class variable, such as `reads_losses`, whose value depends on the options.

    Args:
        of: From a constructed method to the value.
        default: What the class itself answers: the value of the default options.
    """
    declared: Any = _ByOptions(of, default)
    return declared


def lane_option(default: float, **metadata: Any) -> Any:
    """Declare an option that may differ between the lanes of one batch (a float, or [lanes])."""
    return field(default=default, metadata={"lane": True, **metadata})


def task_option(default: Any = dataclasses.MISSING, *, lane: bool = False) -> Any:
    """Declare an option that is one number for all tasks, or one a task.

    Args:
        default: Its default; none means that it must be given.
        lane: Whether it may differ between the lanes of one batch, as a [lanes, 1 or m] tensor.
    """
    return field(default=default, metadata={"task": True, "lane": lane})


@dataclass(frozen=True, kw_only=True, eq=False)
class Method(ABC):
    """A rule that turns the losses or gradients of several tasks into one update.

    Subclasses are frozen keyword-only dataclasses whose fields are the options.

    Args:
        scale: Length of the answer: "paper" is the source's own; "unit_sum" divides by the sum of the
            weights, so that the step lengths of different methods can be compared.
    """

    name: ClassVar[str]
    card: ClassVar[Card]
    needs_positive_losses: ClassVar[bool] = False
    """Whether it takes logarithms or reciprocals of the losses."""
    from_ideal: ClassVar[bool] = False
    """Whether it is the losses above the problem's ideal point that must be positive."""
    reads_losses: ClassVar[bool] = False
    """Whether it cannot work without `Signals.losses`; always so for scalarizations."""
    random: ClassVar[bool] = False
    """Whether it draws random numbers, and so needs `Signals.keys`."""
    example: ClassVar[Mapping[str, Any]] = {}
    """Options that a test kit constructs it with, for methods that have options without a default."""
    minibatches: ClassVar[int] = 1
    """Independent minibatches a step reads."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Options that had another name once, old name to new: an error about the old one names the new."""

    scale: Literal["paper", "unit_sum"] = "paper"

    def __init_subclass__(cls, **given: Any) -> None:
        """Name a class after itself until it is registered."""
        super().__init_subclass__(**given)
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def __post_init__(self) -> None:
        if not isinstance(self.scale, str) or self.scale not in ("paper", "unit_sum"):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"`scale` must be 'paper' or 'unit_sum'; found {self.scale!r}.")

    @property
    def least_tasks(self) -> int:
        """Fewest tasks it is defined for; checked before a run begins."""
        return 1

    @property
    def most_tasks(self) -> int | None:
        """Most tasks it takes, None for any number; checked before a run begins."""
        return None

    @property
    def loss_shift(self) -> float | tuple[float, ...] | Tensor | None:
        """What it adds to every loss before it takes logarithms; None where it has no such option."""
        return None

    def check_losses(self, losses: Losses) -> None:  # noqa: B027 - a hook, not a duty
        """Warn of losses that are allowed and yet make an answer of little use.

        A direct call shows them, after they were checked to be positive where they must be. A run does
        not: its method is not asked to look at numbers at every step.
        """

    def init(self, shapes: LaneShapes) -> State:
        """Return the state before the first step, for lanes of these shapes."""
        return {}

    @classmethod
    def stack(cls, methods: Sequence[Self]) -> Self:
        """Return one method that serves several lanes, lane k with the options of `methods[k]`.

        Options declared by `lane_option` may differ and become [lanes] tensors; the others must agree.
        """
        first = methods[0]
        changes: dict[str, Any] = {}
        for f in dataclasses.fields(first):
            values = [getattr(method, f.name) for method in methods if f.init]
            if any(value != values[0] for value in values):
                if not f.metadata.get("lane"):
                    raise BadInput(f"lanes of {cls.__name__} cannot differ in {f.name!r}.")
                values = _rows(values) if f.metadata.get("task") else values
                changes[f.name] = torch.tensor(values, dtype=torch.float64)
        return dataclasses.replace(first, **changes)

    def to(self, device: torch.device | str) -> Self:
        """Return the method with its tensor options on `device`."""
        moved = {n: v.to(device) for n, v in self.tensors.items()}
        return dataclasses.replace(self, **moved) if moved else self

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Its options that are tensors, with the lanes in front."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}

    def holding(self, tensors: Mapping[str, Tensor]) -> Self:
        """Return the same method with other tensors of the same names, which are not checked again."""
        if not tensors:
            return self
        other = copy.copy(self)
        for name, value in tensors.items():
            object.__setattr__(other, name, value)
        return other

    @property
    def structure_key(self) -> tuple[Any, ...]:
        """What it does, its tensors aside: methods of equal keys can share a compiled step."""
        # with what it has concluded from its options, and another method that it holds
        own = {
            name: value.structure_key if isinstance(value, Method) else value
            for name, value in vars(self).items()
            if not isinstance(value, Tensor)
        }
        return (type(self), *sorted(own.items()), *sorted(self.tensors))

    def batch_key(self) -> tuple[Any, ...]:
        """Return what two methods must have in common to share a batch through `stack`."""
        # an option that is left to the method shares no batch with one that is given
        lane = {f.name for f in dataclasses.fields(self) if f.metadata.get("lane")}
        fixed = {
            name: "given" if name in lane and value is not None else value
            for name, value in self._options.items()
        }
        return (type(self), *fixed.items())

    @property
    def _options(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}

    @abstractmethod
    def step(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the weights [*batch, m] (or direction [*batch, n]) and the next state."""

    def observe(self, state: State, signals: Signals) -> State:
        """Take in the losses on the same minibatch after the step, where `reads_next_losses`."""
        return state

    def report(self, state: State, signals: Signals) -> dict[str, Tensor]:
        """Return what a record should hold of the method itself, by name: tensors [*batch, ...].

        Asked at every snapshot, with the state after the latest step and the losses before it. The names
        of the engine's own diagnostics, such as "weights", are taken.
        """
        return {}

    reads_next_losses: ClassVar[bool] = False
    """Whether the engine must evaluate the minibatch again after the step and call `observe`."""


class Scalarization(Method):
    """Losses to one scalar, whose gradient is followed. One backward pass a step."""

    reads_losses: ClassVar[bool] = True

    @abstractmethod
    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the scalar that is minimised, [*batch]; differentiable in `signals.losses`."""

    @abstractmethod
    def weights(self, state: State, signals: Signals) -> Weights:
        """Return the gradient of the scalar by the losses, [*batch, m], in closed form."""

    def update(self, state: State, signals: Signals) -> State:
        """Return the state after this step."""
        return state

    def step(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights and the next state."""
        weights = self.weights(state, signals)
        if self.scale == "unit_sum":
            weights = unit_sum(weights)
        return weights, self.update(state, signals)


class Weighting(Method):
    """Gramian to weights; the direction is `w^T J`. m backward passes a step, O(m^3) beyond them.

    A preference scales the rows by m times itself before the method sees them, so that the uniform
    preference gives the paper's method exactly; `own_preference` marks methods with their own way.
    """

    own_preference: ClassVar[bool] = False

    @abstractmethod
    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights for rows as given, and the next state."""

    def step(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights on the unscaled rows and the next state."""
        preference = signals.preference
        if preference is None or self.own_preference:
            weights, state = self.weigh(state, signals)
        else:
            # Rows r_i g_i have the Gramian r_i G_ij r_j, and weights w on them are weights w_i r_i on the g_i.
            rows = preference * preference.shape[-1]
            weights, state = self.weigh(state, scale_rows(signals, rows))
            weights = weights * rows
        return (unit_sum(weights) if self.scale == "unit_sum" else weights), state


class Aggregator(Method):
    """Jacobian to direction, for what no Gramian can express. m backward passes and the whole Jacobian."""

    own_preference: ClassVar[bool] = False

    @abstractmethod
    def aggregate(self, state: State, signals: Signals) -> tuple[Direction, State]:
        """Return the direction for rows as given, and the next state."""

    def step(self, state: State, signals: Signals) -> tuple[Direction, State]:
        """Return the direction and the next state."""
        preference = signals.preference
        if preference is not None and not self.own_preference:
            signals = scale_rows(signals, preference * preference.shape[-1])
        return self.aggregate(state, signals)


class SetMethod(Method):
    """A population that moves together: every member's update depends on the whole set.

    Its signals carry the members in the axis before the tasks: losses [*sets, members, m], gramian
    [*sets, members, m, m], jacobian [*sets, members, m, n].
    """

    reads_jacobian: ClassVar[bool] = False
    """Whether `step` returns directions [*sets, members, n] from the Jacobian, instead of weights."""


def _rows(values: Sequence[float | tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return per-task options of several lanes as rows of one length."""
    rows = [v if isinstance(v, tuple) else (v,) for v in values]
    width = max(map(len, rows))
    return [row * width if len(row) == 1 else row for row in rows]


def unit_sum(weights: Weights) -> Weights:
    """Divide weights by their sum; a sum of zero leaves them as they are."""
    total = weights.sum(-1, keepdim=True)
    return weights / torch.where(total == 0, torch.ones_like(total), total)


def scale_rows(signals: Signals, rows: Tensor) -> Signals:
    """Return the signals as if gradient i had been multiplied by `rows[..., i]`."""
    scaled: dict[str, Tensor] = {}
    for name in ("gramian", "cross_gramian"):
        matrix = getattr(signals, name)
        if matrix is not None:
            scaled[name] = rows.unsqueeze(-1) * matrix * rows.unsqueeze(-2)
    if signals.jacobian is not None:
        scaled["jacobian"] = rows.unsqueeze(-1) * signals.jacobian
    return dataclasses.replace(signals, **scaled)


methods: Registry[Method] = Registry(
    "method", Method, group="paretomtl.methods", builtin="paretomtl.methods"
)
"""Every method by name; other packages enter by the entry-point group `paretomtl.methods`."""


def method(name: str | Method, /, **options: Any) -> Method:
    """Return the method of that name, constructed from `options`; an instance comes back as it is.

    Raises:
        UnknownName: No such method or option; the closest names are given.
        BadInput: An option's value is refused.
    """
    if isinstance(name, Method):
        if options:
            raise BadInput("options go with a method's name, not with an instance.")
        return name
    if isinstance(name, type) and issubclass(name, Method):
        raise BadInput(
            f"a method is its name or an instance; found the class {name.__name__}: construct it, "
            f"{name.__name__}(...), or pass {getattr(name, 'name', name.__name__)!r}."
        )
    return methods.create(name, **options)
