"""Dataclasses whose fields may be left out: what one level of a suite states, and another completes.

A suite states settings for all runs, for a problem and for a method. Each level is a `partial` of the class
that a run has in the end, so that a field is declared, documented and checked once, in that class.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, TypeVar

T = TypeVar("T")


def partial(cls: type[T], name: str, doc: str, *, module: str, **nested: type) -> type[T]:
    """Return a frozen dataclass with the fields of `cls`, each None where it is left out.

    Constructing one checks the fields that are given as `cls` does.

    Args:
        cls: A dataclass with a default for every field.
        name: Of the new class.
        doc: Its docstring.
        module: Where it stands under that name, so that instances can be pickled.
        nested: Fields that are partial themselves, and their partial class.
    """
    hints: dict[str, Any] = {**typing.get_type_hints(cls), **nested}
    optional: list[Any] = [
        (f.name, hints[f.name] | None, dataclasses.field(default=None))
        for f in dataclasses.fields(cls)  # pyright: ignore[reportArgumentType]
    ]
    namespace = {"__doc__": doc, "__module__": module, "__post_init__": completed, "whole": cls}
    return dataclasses.make_dataclass(
        name, optional, namespace=namespace, frozen=True, kw_only=True
    )


def completed(part: Any) -> Any:
    """Return the instance of the whole class that a partial describes: left out is the default.

    Raises:
        BadInput: The whole class refuses a field.
    """
    names = [f.name for f in dataclasses.fields(part.whole)]
    given = {name: getattr(part, name) for name in names if getattr(part, name) is not None}
    return part.whole(
        **{n: completed(value) if hasattr(value, "whole") else value for n, value in given.items()}
    )


def over(upper: Any, base: T) -> T:
    """Return the fields of `upper`, and those of `base` where `upper` leaves them out."""
    changes: dict[str, Any] = {}
    for f in dataclasses.fields(base):  # pyright: ignore[reportArgumentType]
        value, below = getattr(upper, f.name), getattr(base, f.name)
        if value is not None:
            changes[f.name] = over(value, below) if hasattr(below, "whole") else value
    return dataclasses.replace(base, **changes)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
