"""Types and values in words, for messages about documents: what was expected, what was found."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

from paretomtl.errors import BadInput, closest
from paretomtl.sweep.spec import Choice

Form: TypeAlias = Literal["table", "list", "scalar"]

_WORDS: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
    types.NoneType: "nothing",
    Choice: "a name or a table with a name",
    Any: "a value",
}


def expected(kind: Any) -> str:
    """Return in words what a type accepts."""
    origin, args = get_origin(kind), get_args(kind)
    if kind in _WORDS:
        return _WORDS[kind]
    if origin is Literal:
        return ("one of " if len(args) > 1 else "") + ", ".join(map(repr, args))
    if is_union(kind):
        return " or ".join(expected(a) for a in args if a is not types.NoneType)
    if is_sequence(kind):
        return f"a list ({expected(args[0])} each)" if args else "a list"
    return "a table"


def found(value: Any) -> str:
    """Show a value as a document would spell it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if is_table(value):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def misfit(kind: Any, value: Any) -> BadInput:
    """Build the error for a value that is not of the kind that is meant."""
    return BadInput(f"expected {expected(kind)}, found {found(value)}.")


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the closest of the known names as a question, or nothing when none resembles `name`."""
    close = closest(name, known) if isinstance(name, str) else []
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""


def form(value: Any) -> Form:
    """Return whether a value is a table, a list, or neither."""
    return "table" if is_table(value) else "list" if is_list(value) else "scalar"


def form_of(kind: Any) -> Form:
    """Return whether a type is read from a table, a list, or neither."""
    if is_sequence(kind):
        return "list"
    return "table" if dataclasses.is_dataclass(kind) or is_mapping(kind) else "scalar"


def is_table(value: Any) -> bool:
    """Whether the value is a table; a plain bool, so that checkers keep `Any` contents."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> bool:
    """Whether the value is a list or tuple."""
    return isinstance(value, (list, tuple))


def is_union(kind: Any) -> bool:
    """Whether the type is `A | B`."""
    return get_origin(kind) in (Union, types.UnionType)


def is_sequence(kind: Any) -> bool:
    """Whether the type is a tuple, list or Sequence, of whatever."""
    return (get_origin(kind) or kind) in (tuple, list, Sequence)


def is_mapping(kind: Any) -> bool:
    """Whether the type is a dict or Mapping, of whatever."""
    return (get_origin(kind) or kind) in (dict, Mapping)
