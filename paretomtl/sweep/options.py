"""Options given as plain data, checked against the annotations of the class that takes them."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.registry import Registry
from paretomtl.sweep.spec import Choice

T = TypeVar("T")


def choose(registry: Registry[T], name: str, options: Mapping[str, Any]) -> tuple[Choice, T]:
    """Construct the entry `name` of `registry` and return how a spec writes it, beside it.

    Raises:
        UnknownName: No such entry or option; the closest names are given.
        BadInput: An option is of another type than annotated, missing, or refused by the entry.
    """
    known = registry.options(name)
    hints = _hints(registry[name])
    for option, value in options.items():
        if option not in known:
            raise registry.unknown_option(name, option)
        if not fits(value, hints.get(option, Any)):
            raise BadInput(
                f"option {option!r} of {registry.kind} {name!r} must be {_shown(hints[option])}; "
                f"found {value!r}."
            )
    choice = Choice.of(name, options)
    return choice, registry.create(name, **dict(choice.options))


def choice_of(thing: object) -> Choice:
    """Return the choice that a constructed problem or method amounts to: the options off default.

    Raises:
        BadInput: An option has one number a lane, and a run is one lane; or it is no plain data.
    """
    label = getattr(thing, "name", type(thing).__qualname__)
    if not dataclasses.is_dataclass(thing):
        raise BadInput(
            f"{label}: {type(thing).__name__} must be a frozen dataclass whose fields are its options; put "
            "@dataclass(frozen=True, kw_only=True, eq=False) above it."
        )
    options: dict[str, Any] = {}
    for f in dataclasses.fields(thing):
        value = getattr(thing, f.name)
        if isinstance(value, Tensor) and f.metadata.keys() & {"lane", "task"}:
            raise BadInput(
                f"{label}: `{f.name}` has numbers for lanes of shape {list(value.shape)}, and a run is "
                "one lane; give one number and let the sweep make the lanes."
            )
        if not f.init:
            continue
        if not _is_plain(value):
            raise BadInput(
                f"{label}: its option `{f.name}` is a {type(value).__name__}, which a record cannot hold; "
                "options are numbers, texts and lists of them. Keep data in a field(init=False), or load "
                "them where they are asked for."
            )
        if value != f.default:
            options[f.name] = value
    return Choice.of(label, options)


def fits(value: Any, hint: Any) -> bool:
    """Return whether plain data is of the annotated type; what cannot be judged fits.

    A whole number is a float, a truth value is no number, a list is a tuple.

    >>> fits(2, float), fits(2.5, int), fits(True, int), fits([1, 2], tuple[float, ...])
    (True, False, False, True)
    """
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        return any(fits(value, part) for part in get_args(hint))
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in get_args(hint))
    if origin is tuple:
        return isinstance(value, (list, tuple)) and _entries_fit(value, get_args(hint))  # pyright: ignore[reportUnknownArgumentType]
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint in (int, str, bool, type(None)):
        return type(value) is hint
    return True


def _entries_fit(values: typing.Sequence[Any], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        hints = (hints[0],) * len(values)
    return len(values) == len(hints) and all(map(fits, values, hints))


def _hints(cls: type) -> dict[str, Any]:
    """Return the annotations that can be evaluated; a plug-in may import some for type checkers only."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            alone = {"__annotations__": {name: annotation}, "__module__": base.__module__}
            try:
                hints |= typing.get_type_hints(type(name, (), alone))
            except (NameError, TypeError, AttributeError):
                hints.pop(name, None)
    return hints


def _shown(hint: Any) -> str:
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return " or ".join(_shown_part(part) for part in parts)


def _shown_part(part: Any) -> str:
    if get_origin(part) is Literal:
        return " or ".join(repr(choice) for choice in get_args(part))
    words = {
        float: "a number",
        int: "a whole number",
        str: "text",
        bool: "true or false",
        type(None): "left out",
    }
    return words.get(part, str(part))


def _is_plain(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))  # pyright: ignore[reportUnknownArgumentType]
    return value is None or isinstance(value, (bool, int, float, str))
