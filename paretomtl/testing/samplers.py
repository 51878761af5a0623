"""Inputs that methods are tried on: losses and gradients of every kind, lanes in front."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.methods.base import LaneShapes, Method, Scalarization, SetMethod, Signals, State
from paretomtl.methods.inputs import answers_direction
from paretomtl.testing import matrices

MEMBERS = 4
"""Members of the sets that set methods are tried on."""

Draw = Callable[[int, int, torch.Generator], tuple[Tensor, Tensor]]


def _losses(m: int, generator: torch.Generator) -> Tensor:
    return torch.rand(m, dtype=torch.float64, generator=generator) * 3 + 0.2


def _random(m: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    return _losses(m, generator), matrices.normal(m, n, generator=generator)


def _gradients(kind: str) -> Draw:
    """Random losses, and gradients of a kind of `matrices.KINDS`."""

    def draw(m: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        losses, rows = _random(m, n, generator)
        return losses, matrices.KINDS[kind](rows, generator)

    return draw


def _duplicate_rows(m: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    losses, rows = _gradients("duplicate rows")(m, n, generator)
    return losses[torch.arange(m) // 2], rows


def _wide_losses(m: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    losses, rows = _random(m, n, generator)
    return torch.logspace(-6, 6, m, dtype=torch.float64) * losses, rows


def _equal_losses(m: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    losses, rows = _random(m, n, generator)
    return losses[:1].expand(m), rows


def _negative_losses(m: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    losses, rows = _random(m, n, generator)
    return losses - 4, rows


KINDS: dict[str, Draw] = {
    "random": _random,
    "aligned": _gradients("aligned"),
    "conflicting": _gradients("conflicting"),
    "stationary": _gradients("stationary"),
    "rank one": _gradients("rank one"),
    "duplicate rows": _duplicate_rows,
    "zero row": _gradients("zero row"),
    "all zero": _gradients("all zero"),
    "huge gradients": _gradients("huge gradients"),
    "tiny gradients": _gradients("tiny gradients"),
    "row imbalance to 1e-6": _gradients("row imbalance to 1e-6"),
    "losses from 1e-6 to 1e6": _wide_losses,
    "equal losses": _equal_losses,
    "negative losses": _negative_losses,
    "preference for one task": _random,
    "preference without one task": _random,
}
"""The kinds of input; each draws the losses [m] and gradients [m, n] of one lane."""


def kinds_for(method: Method) -> tuple[str, ...]:
    """Return the kinds that a method must answer: all, or those with positive losses."""
    return tuple(k for k in KINDS if k != "negative losses" or not method.needs_positive_losses)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A few steps of signals for lanes of stated kinds, as an engine gives them.

    Args:
        kinds: What each lane holds, at every step; names of `KINDS`.
        m: Tasks.
        n: Parameters.
        signals: What the method reads at each step; the last entry holds the losses after the last
            step as well, see `run`.
    """

    kinds: tuple[str, ...]
    m: int
    n: int
    signals: tuple[Signals, ...]

    @property
    def batch(self) -> tuple[int, ...]:
        """Shape of the leading axes."""
        assert self.signals[0].losses is not None
        return tuple(self.signals[0].losses.shape[:-1])

    def shapes(
        self, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None
    ) -> LaneShapes:
        """Return what the method's first state is made for."""
        return LaneShapes(self.batch, self.m, n_parameters=self.n, dtype=dtype, device=device)

    def edit(self, change: Callable[[str, Tensor], Tensor]) -> Case:
        """Return the case with every tensor of every step replaced by `change(name, tensor)`."""
        return dataclasses.replace(
            self, signals=tuple(edited(signals, change) for signals in self.signals)
        )

    def __str__(self) -> str:
        lanes = "1 lane" if len(self.kinds) == 1 else f"{len(self.kinds)} lanes"
        text = f"m = {self.m}, n = {self.n}, {lanes} ({', '.join(dict.fromkeys(self.kinds))})"
        first = self.signals[0]
        for name in ("losses", "jacobian", "gramian", "preference"):
            value = getattr(first, name)
            if value is not None and value.numel() <= 18:
                text += f", {name} {_numbers(value)}"
        return text


def edited(signals: Signals, change: Callable[[str, Tensor], Tensor]) -> Signals:
    """Return the signals with every tensor replaced by `change(name, tensor)`."""
    tensors = {f.name: getattr(signals, f.name) for f in dataclasses.fields(signals)}
    return Signals(**{name: change(name, v) for name, v in tensors.items() if v is not None})


def draw_case(
    method: Method,
    kinds: Sequence[str],
    m: int,
    n: int,
    *,
    steps: int = 3,
    dtype: torch.dtype = torch.float64,
    preference: bool = True,
    seed: int = 0,
) -> Case:
    """Draw a case for a method: only what its type reads is in it.

    A lane of a set method is a whole set of `MEMBERS` members. A second minibatch, where one is read,
    has the gradients of the first plus noise of a tenth of each gradient's length.
    """
    signals: list[Signals] = []
    population = isinstance(method, SetMethod)
    members = MEMBERS if population else 1
    # One generator a lane, seeded by its place: other lanes beside it change nothing of what it holds.
    generators = [
        torch.Generator().manual_seed(1000 * seed + 100 * m + k)
        for k in range(len(kinds) * members)
    ]
    lane_kinds = [kind for kind in kinds for _ in range(members)]
    shape = (len(kinds), members) if population else (len(kinds),)
    preferences = torch.stack(
        [_preference(kind, m, g) for kind, g in zip(lane_kinds, generators, strict=True)]
    )
    keys = torch.stack([torch.randint(2**62, (), generator=g) for g in generators])
    for t in range(steps + 1):
        drawn = [KINDS[k](m, n, g) for k, g in zip(lane_kinds, generators, strict=True)]
        losses = torch.stack([one for one, _ in drawn]).reshape(*shape, m).to(dtype)
        rows = torch.stack([one for _, one in drawn]).reshape(*shape, m, n).to(dtype)
        noise = torch.stack([matrices.normal(m, n, generator=g) for g in generators]).to(dtype)
        size = rows.square().sum(-1, keepdim=True).sqrt() / n**0.5
        signals.append(
            signals_for(
                method,
                losses=losses,
                rows=rows,
                others=rows + 0.1 * size * noise.reshape(rows.shape),
                preference=preferences.reshape(*shape, m).to(dtype) if preference else None,
                keys=keys.reshape(shape),
                steps=torch.full(shape, t),
            )
        )
    return Case(kinds=tuple(kinds), m=m, n=n, signals=tuple(signals))


def signals_for(
    method: Method,
    *,
    losses: Tensor,
    rows: Tensor,
    others: Tensor,
    preference: Tensor | None,
    keys: Tensor,
    steps: Tensor,
) -> Signals:
    """Return what the method's type reads of one step.

    Args:
        method: Who reads.
        losses: [*batch, m].
        rows: Jacobian, [*batch, m, n].
        others: Jacobian on a second minibatch, for methods that read two.
        preference: On the simplex, or None.
        keys: One a lane.
        steps: Steps made by each lane.
    """
    signals = Signals(losses=losses, preference=preference, keys=keys, steps=steps)
    if isinstance(method, Scalarization):
        return signals
    gramian = matrices.products(rows, rows)
    signals = dataclasses.replace(signals, gramian=gramian)
    if method.minibatches > 1:
        signals = dataclasses.replace(signals, cross_gramian=matrices.products(rows, others))
    if answers_direction(method):
        signals = dataclasses.replace(signals, jacobian=rows)
    return signals


def run(method: Method, case: Case) -> tuple[list[Tensor], list[State]]:
    """Return the answers to all steps but the last signals, and the states before, between and after.

    The last signals give what a method that reads the next losses observes after the last step.
    """
    first = case.signals[0].losses
    assert first is not None
    state = method.init(case.shapes(dtype=first.dtype, device=first.device))
    answers: list[Tensor] = []
    states = [state]
    with torch.no_grad():
        for now, after in zip(case.signals[:-1], case.signals[1:], strict=True):
            answer, state = method.step(state, now)
            if method.reads_next_losses:
                observed = Signals(
                    losses=after.losses,
                    preference=now.preference,
                    keys=now.keys,
                    steps=after.steps,
                )
                state = method.observe(state, observed)
            answers.append(answer)
            states.append(state)
    return answers, states


def _preference(kind: str, m: int, generator: torch.Generator) -> Tensor:
    drawn = torch.rand(m, dtype=torch.float64, generator=generator) + 0.1
    if kind == "preference for one task":
        drawn = torch.zeros_like(drawn).index_fill(0, torch.tensor(0), 1.0)
    if kind == "preference without one task" and m > 1:
        drawn[-1] = 0
    return drawn / drawn.sum()


def _numbers(value: Tensor) -> str:
    numbers: list[float] = value.flatten().tolist()  # pyright: ignore[reportUnknownVariableType]
    shape = f" as {list(value.shape)}" if value.ndim > 1 else ""
    return f"[{', '.join(f'{number:.4g}' for number in numbers)}]{shape}"
