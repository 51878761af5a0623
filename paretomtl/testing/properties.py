"""Properties of methods, measured: what changes of the tasks leave the update's direction as it is.

Every property is measured on `DRAWS` random draws of `TASKS` tasks and `PARAMETERS` parameters: losses
uniform in [0.2, 3.2], gradients standard normal. A draw is a history of `STEPS` steps, the state carried
from one to the next; the answer to the last is judged, without a preference. So a method that has
started is seen, not its first step, and a stateless one is simply seen on the last step. A second
minibatch, where a method reads one, has the same gradients plus noise. A random method keeps its keys.

A change acts on the whole history, on losses and gradients together, as it would if the problem
itself had been changed. With u the direction before, u' after it, both of unit length, the property
holds when |u - u'| <= 5e-5 in all draws (small constants that guard divisions pass, habits do not):

| property | change of task i, constants drawn from [0.3, 4.3] |
|---|---|
| common scale | L_i -> c L_i, g_i -> c g_i |
| per-task scale | L_i -> c_i L_i, g_i -> c_i g_i |
| common shift | L_i -> L_i + c |
| per-task shift | L_i -> L_i + c_i |
| monotone map | L_i -> L_i^c_i, g_i -> c_i L_i^(c_i - 1) g_i |
| rotation | J -> J Q, Q orthogonal; u' is turned back |
| task order | tasks 1, 2, 3 become 3, 1, 2 |
| duplicated task | tasks 1, 2, 3 become 1, 2, 3, 2 |

Options with one number a task go with their tasks. The other properties:

- non-conflicting: u . g_i >= -1e-6 |u| |g_i| for every task, on those draws, on the same with tasks
  scaled as above, and on as many whose gradients conflict: cosines near -0.4, lengths that differ,
  still with common descent directions.
- descends on every task: u . g_i > 1e-6 |u| |g_i| there.
- linear under scaling: A(a c + b d) = a A(c) + b A(d) to 5e-5 of its terms, A(c) the direction, at its
  full length, when task i is scaled by c_i; c, d uniform in [0.1, 1], a and b in [0.5, 1.5].
- reaches concave fronts: of `LANES` runs of Adam on a concave front (`vlmop2`; `dtlz2` with three
  objectives for methods that need them), random preferences and starts, at least an eighth end on the
  front with no objective in the outer tenth of its range. (Ends of a concave front are where weighted
  sums go.)
- deterministic: other random keys and steps leave the answers the same, bit by bit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.methods.base import Method, SetMethod
from paretomtl.methods.inputs import answers_direction
from paretomtl.problems.base import problem
from paretomtl.sweep.settings import Budget, Optimizer, Settings
from paretomtl.testing.samplers import MEMBERS, Case, run, signals_for

DRAWS, TASKS, PARAMETERS, STEPS = 60, 3, 6, 3
LANES, RUN_STEPS = 24, 400
TOLERANCE, STRICT = 5e-5, 1e-6

History: TypeAlias = list[tuple[Tensor, Tensor, Tensor]]
"""For every step the losses [*batch, m], the gradients [*batch, m, n], those of a second minibatch."""

Change = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""Losses, gradients and one constant a draw and task to the losses and gradients after the change."""

CHANGES: dict[str, Change] = {
    "common scale": lambda L, J, c: (c[..., :1] * L, c[..., :1, None] * J),
    "per-task scale": lambda L, J, c: (c * L, c[..., None] * J),
    "common shift": lambda L, J, c: (L + c[..., :1], J),
    "per-task shift": lambda L, J, c: (L + c, J),
    "monotone map": lambda L, J, c: (L**c, (c * L ** (c - 1))[..., None] * J),
}
ORDERS = {"task order": [2, 0, 1], "duplicated task": [0, 1, 2, 1]}

NAMES = (
    *(f"invariant to {change}" for change in (*CHANGES, "rotation", *ORDERS)),
    "non-conflicting",
    "descends on every task",
    "linear under scaling",
    "reaches concave fronts",
    "deterministic",
)
"""All properties, in the order in which they are shown."""


def measure(method: Method, *, seed: int = 0) -> dict[str, bool]:
    """Return which properties a method has, by name and in order; see this module's text.

    Args:
        method: The method, constructed for any number of tasks, or for three.
        seed: Determines draws, starts and preferences.

    Raises:
        BadInput: The method refuses three tasks, or four, or a problem with a concave front.
    """
    draws = Draws(method, seed)
    found = draws.invariances()
    found |= draws.descent()
    found["linear under scaling"] = draws.linear()
    found["reaches concave fronts"] = concave_share(method, seed=seed) >= 1 / 8
    found["deterministic"] = draws.deterministic()
    return {name: found[name] for name in NAMES}


class Draws:
    """The draws that a method's properties are measured on.

    Args:
        method: The method, constructed.
        seed: Determines them.
    """

    def __init__(self, method: Method, seed: int) -> None:
        self.method = method
        self.generator = torch.Generator().manual_seed(seed)
        self.shape = (DRAWS, MEMBERS) if isinstance(method, SetMethod) else (DRAWS,)
        self.keys = torch.randint(2**62, self.shape, generator=self.generator)
        self.history = [self._step(self._normal(TASKS, PARAMETERS)) for _ in range(STEPS + 1)]
        lower = (0.3,) * TASKS
        self.constants = torch.tensor(lower, dtype=torch.float64) + 4 * self._uniform()

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*self.shape, *shape, dtype=torch.float64, generator=self.generator)

    def _uniform(self) -> Tensor:
        """Return one number for every draw and task, the same for all members of a set."""
        ones = [1] * (len(self.shape) - 1)
        return torch.rand(DRAWS, *ones, TASKS, dtype=torch.float64, generator=self.generator)

    def _step(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        losses = torch.rand(*self.shape, TASKS, dtype=torch.float64, generator=self.generator)
        return 0.2 + 3 * losses, rows, rows + 0.1 * self._normal(TASKS, PARAMETERS)

    def direction(
        self, history: History, method: Method | None = None, *, later: int = 0, keys: int = 0
    ) -> Tensor:
        """Return the direction of the last step, [*batch, n]."""
        method = method or self.method
        losses, rows, _ = history[-2]
        signals = tuple(
            signals_for(
                method,
                losses=L,
                rows=J,
                others=other,
                preference=None,
                keys=self.keys + keys,
                steps=torch.full(self.shape, t + later),
            )
            for t, (L, J, other) in enumerate(history)
        )
        case = Case(kinds=("random",) * DRAWS, m=losses.shape[-1], n=PARAMETERS, signals=signals)
        answer = run(method, case)[0][-1]
        if answers_direction(method):
            return answer
        return (answer.unsqueeze(-1) * rows).sum(-2)

    def changed(self, change: Change, constants: Tensor) -> History:
        """Return the whole history after a change, with one constant a draw and task."""
        return [
            (*change(L, J, constants), change(L, other, constants)[1])
            for L, J, other in self.history
        ]

    def invariances(self) -> dict[str, bool]:
        """Tell which changes leave every direction as it is."""
        plain = _unit(self.direction(self.history))
        found: dict[str, Tensor] = {}
        for name, change in CHANGES.items():
            found[name] = self.direction(self.changed(change, self.constants))
        turn = _orthonormal(self._normal(PARAMETERS, PARAMETERS))
        turned = [(L, J @ turn, other @ turn) for L, J, other in self.history]
        found["rotation"] = (turn @ self.direction(turned).unsqueeze(-1)).squeeze(-1)
        for name, index in ORDERS.items():
            ordered = [
                (L[..., index], J[..., index, :], other[..., index, :])
                for L, J, other in self.history
            ]
            found[name] = self.direction(ordered, _ordered(self.method, index))
        return {
            f"invariant to {name}": bool((_length(_unit(u) - plain) <= TOLERANCE).all())
            for name, u in found.items()
        }

    def descent(self) -> dict[str, bool]:
        """Judge the smallest cosine of the direction with a gradient."""
        conflicting = [self._step(self._against()) for _ in range(STEPS + 1)]
        cosines: list[Tensor] = []
        scaled = self.changed(CHANGES["per-task scale"], self.constants)
        for history in (self.history, scaled, conflicting):
            u, rows = _unit(self.direction(history)), _unit(history[-2][1])
            cosines.append((rows @ u.unsqueeze(-1)).flatten())
        least = torch.cat(cosines).amin()
        return {
            "non-conflicting": bool(least >= -STRICT),
            "descends on every task": bool(least > STRICT),
        }

    def _against(self) -> Tensor:
        """Draw gradients with cosines near -0.4: orthonormal rows less most of their mean."""
        rows = _orthonormal(self._normal(PARAMETERS, TASKS)).mT + 0.02 * self._normal(
            TASKS, PARAMETERS
        )
        # |e_i - t mean| with t = 0.75: cosine (t^2 - 2 t) / (3 + t^2 - 2 t) = -0.45
        return (rows - 0.75 * rows.mean(-2, keepdim=True)) * self._normal(TASKS, 1).exp()

    def linear(self) -> bool:
        """Tell whether directions add up as the scales of the tasks do."""
        c, d = 0.1 + 0.9 * self._uniform(), 0.1 + 0.9 * self._uniform()
        a, b = 0.5 + self._uniform()[..., :1], 0.5 + self._uniform()[..., :1]
        scale = CHANGES["per-task scale"]
        left, right, both = (self.direction(self.changed(scale, s)) for s in (c, d, a * c + b * d))
        size = _length(a * left) + _length(b * right)
        return bool((_length(both - a * left - b * right) <= TOLERANCE * size).all())

    def deterministic(self) -> bool:
        """Tell whether other keys and steps leave the answers the same."""
        one = self.direction(self.history)
        return torch.equal(one, self.direction(self.history, keys=1, later=5))


def concave_share(method: Method, *, seed: int = 0) -> float:
    """Return the share of runs that end on a concave front, away from its ends.

    `LANES` runs of `RUN_STEPS` steps of Adam with a falling learning rate; run k has a random preference
    and start of its own. A set method moves them as one set.
    """
    m = max(2, method.least_tasks)
    the_problem = problem("vlmop2", n_variables=2) if m == 2 else problem("dtlz2", n_objectives=m)
    generator = torch.Generator().manual_seed(seed)
    drawn = 0.2 + 0.6 * torch.rand(LANES, m, dtype=torch.float64, generator=generator)
    preferences: list[list[float]] = (drawn / drawn.sum(-1, keepdim=True)).tolist()  # pyright: ignore[reportUnknownVariableType]
    lanes = [
        Lane(
            method=method,
            preference=tuple(preference),
            seed=1000 * seed + k,
            key=k,
            lr=0.03,
            member_of="set" if isinstance(method, SetMethod) else "",
        )
        for k, preference in enumerate(preferences)
    ]
    settings = Settings(
        optimizer=Optimizer(name="adam", schedule="cosine"),
        budget=Budget(steps=RUN_STEPS),
        snapshots=2,
    )
    outcomes = run_lanes(the_problem, lanes, settings, compute=Compute(device="cpu"))
    ends = torch.stack([torch.as_tensor(o.final["test"], dtype=torch.float64) for o in outcomes])
    ideal, span = the_problem.ideal, the_problem.nadir - the_problem.ideal
    ends, front = (ends - ideal) / span, (the_problem.front(2000) - ideal) / span
    gap = torch.cdist(ends.nan_to_num(torch.inf).clamp(max=1e6), front).amin(-1)
    return float(((gap < 0.03) & (ends.amax(-1) < 0.9)).double().mean())


def _ordered(method: Method, index: list[int]) -> Method:
    """Return the method with its options for each task in another order."""
    changes: dict[str, Any] = {}
    for f in dataclasses.fields(method):
        value: Any = getattr(method, f.name)
        if isinstance(value, tuple) and len(value) == TASKS:  # pyright: ignore[reportUnknownArgumentType]
            changes[f.name] = tuple(value[i] for i in index)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return dataclasses.replace(method, **changes) if changes else method


def _orthonormal(matrices: Tensor) -> Tensor:
    factors: tuple[Tensor, Tensor] = torch.linalg.qr(matrices)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return factors[0]  # pyright: ignore[reportUnknownVariableType]


def _length(vectors: Tensor) -> Tensor:
    return vectors.square().sum(-1).sqrt()


def _unit(vectors: Tensor) -> Tensor:
    length = _length(vectors).unsqueeze(-1)
    return vectors / torch.where(length > 0, length, 1.0)
