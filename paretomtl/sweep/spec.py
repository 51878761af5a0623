"""What identifies a run. Equal specs are the same work, done once.

A spec is plain data: it can be written as JSON, hashed, and sent to another machine. Its key is the
hash of its canonical JSON and of nothing else: not of the host, the batch, or the time.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, TypeAlias

from paretomtl.errors import BadInput
from paretomtl.sweep.settings import SETTINGS, Settings

SPEC_VERSION = 1
"""Raised when the meaning of a field changes, so that old records are not taken for new work."""

OptionValue: TypeAlias = "float | int | bool | str | tuple[OptionValue, ...] | None"


@dataclass(frozen=True)
class Choice:
    """A registered problem or method and the options that were given.

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
class RunSpec(Settings):
    """One optimisation trajectory, completely specified: its settings, and the following.

    Args:
        problem: Problem and its options.
        method: Method and its options (gamma is one of them).
        preference: On the simplex of the problem's objectives.
        seed: Determines start or initial weights, minibatches, and the method's draws.
        population: For a set method the preferences of the whole set this run is a member of, since
            its trajectory depends on them; empty for every other method.
    """

    problem: Choice
    method: Choice
    preference: tuple[float, ...]
    seed: int
    population: tuple[tuple[float, ...], ...] = ()

    def canonical(self) -> dict[str, Any]:
        """Return the spec as JSON-ready data.

        Fields younger than version 1 are left out at their defaults, so that a run keeps its key.
        """
        data = asdict(self)
        _drop_younger(self, data)
        # what a run is comes before how it is executed
        data |= {name: data.pop(name) for name in SETTINGS if name in data}
        return {"version": SPEC_VERSION, **jsonable(data)}

    @cached_property
    def key(self) -> str:
        """32 hexadecimal digits of the SHA-256 of the canonical JSON, whole floats written as integers.

        So `gamma=2` and `gamma=2.0`, which are equal, are the same work.
        """
        data = _whole(self.canonical())
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _drop_younger(part: Any, data: Any) -> None:
    """Leave out of a part's data the fields younger than version 1 that are at their defaults, at any depth."""
    if not is_dataclass(part):
        return
    for f in fields(part):
        if "younger" in f.metadata and getattr(part, f.name) == f.default:
            del data[f.name]
        else:
            _drop_younger(getattr(part, f.name), data[f.name])


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
