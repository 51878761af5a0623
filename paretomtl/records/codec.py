"""Plain data (JSON, TOML) to typed values and back; the only place that knows cattrs.

Types are exact: 1.5 and 1.0 are not whole numbers, `true` is not a number, 5 is not text. The one
exception is a whole number where any number is meant. Infinities travel as "inf" and "-inf". Unknown
keys are faults, and all faults of a document are reported at once, each with its path and, for a
misspelt key or choice, the closest names.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

from cattrs import (
    AttributeValidationNote,
    BaseValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn

from paretomtl.errors import BadInput
from paretomtl.records.wording import (
    did_you_mean,
    expected,
    form,
    form_of,
    found,
    is_list,
    is_mapping,
    is_sequence,
    is_table,
    is_union,
    misfit,
)
from paretomtl.sweep.settings import Budget
from paretomtl.sweep.spec import SPEC_VERSION, Choice, OptionValue, RunSpec

T = TypeVar("T")

_FAULTS = (BaseValidationError, BadInput, KeyError, TypeError, ValueError)
"""What a misfit raises: a hook of ours, a constructor that refuses its arguments, or cattrs."""


def structure(data: object, cls: type[T], *, document: str = "") -> T:
    """Build a `cls` from plain data: mappings, lists, text, numbers, booleans.

    Args:
        data: What a JSON or TOML parser returned.
        cls: A dataclass, or any type made of dataclasses, tuples, lists, mappings, unions, `Literal`,
            `float`, `int`, `str`, `bool`, `Choice` and `Budget`.
        document: What is being read, for the message: a file's name.

    Raises:
        BadInput: Some part of the data does not fit; the message lists every fault with its path,
            such as `methods[2].gamma: expected a number, found 'two'`.
    """
    try:
        return _converter.structure(data, cls)
    except _FAULTS as error:
        faults = list(_faults(error, ""))
        where = f"{document}: " if document else ""
        if len(faults) == 1:
            raise BadInput(where + faults[0]) from None
        raise BadInput("\n  ".join([f"{where}{len(faults)} faults:", *faults])) from None


def spec_to_json(spec: RunSpec) -> str:
    """Return the spec as one line of JSON from which `spec_from_json` rebuilds it exactly."""
    return json.dumps(spec.canonical(), sort_keys=True, separators=(",", ":"), allow_nan=False)


def spec_from_json(text: str) -> RunSpec:
    """Rebuild a spec from its JSON.

    Raises:
        BadInput: It is no JSON, was written under another spec version, or does not fit.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BadInput(f"a run's spec must be JSON; {error}.") from None
    if not is_table(data):
        raise BadInput(f"a run's spec must be a table; found {found(data)}.")
    version = data.pop("version", None)
    if version != SPEC_VERSION:
        raise BadInput(
            f"the run's spec has version {version!r}, this paretomtl reads version {SPEC_VERSION}: "
            "its meaning is another, so it cannot be rebuilt."
        )
    return structure(data, RunSpec, document="spec")


# Exact types. Each hook raises BadInput with what was expected and found; paths are added above.


def _number(value: Any, _: Any) -> float:
    if value in ("inf", "-inf") or (
        isinstance(value, (int, float)) and not isinstance(value, bool)
    ):
        try:
            return float(value)
        except OverflowError:
            raise BadInput("expected a number that a double can hold.") from None
    raise misfit(float, value)


def _exact(kind: type) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise misfit(kind, value)
        return value

    return hook


def _literal(value: Any, kind: Any) -> Any:
    allowed = get_args(kind)
    for choice in allowed:
        if type(value) is type(choice) and value == choice:
            return choice
    hint = did_you_mean(value, [c for c in allowed if isinstance(c, str)])
    fault = f"expected {expected(kind)}, found {found(value)}"
    raise BadInput(f"{fault}; {hint}" if hint else f"{fault}.")


def _sequence(value: Any, kind: Any) -> Any:
    if not is_list(value):
        raise misfit(kind, value)
    container, args = get_origin(kind) or kind, get_args(kind)
    if container is tuple and args and args[-1] is not ...:
        if len(value) != len(args):
            raise BadInput(f"expected {len(args)} values, found {len(value)}.")
        kinds: Sequence[Any] = args
    else:
        kinds = [args[0] if args else Any] * len(value)
    parts = [(i, item, k) for i, (item, k) in enumerate(zip(value, kinds, strict=True))]
    values = [value for _, value in _structured(parts, kind)]
    return tuple(values) if container is tuple else values


def _mapping(value: Any, kind: Any) -> dict[str, Any]:
    if not is_table(value):
        raise misfit(kind, value)
    args = get_args(kind)
    return dict(_structured([(k, v, args[1] if args else Any) for k, v in value.items()], kind))


def _structured(parts: Sequence[tuple[Any, Any, Any]], kind: Any) -> list[tuple[Any, Any]]:
    """Structure (index or key, value, type) triples, gathering the faults of all of them."""
    done: list[tuple[Any, Any]] = []
    errors: list[Exception] = []
    for index, value, part_kind in parts:
        try:
            done.append((index, _converter.structure(value, part_kind)))
        except _FAULTS as error:
            note = IterableValidationNote(str(index), index, part_kind)
            error.add_note(note)
            errors.append(error)
    if errors:
        raise IterableValidationError("faults", errors, kind)  # pyright: ignore[reportCallIssue]
    return done


def _union(value: Any, kind: Any) -> Any:
    members = [m for m in get_args(kind) if m is not types.NoneType]
    if value is None and len(members) < len(get_args(kind)):
        return None
    if len(members) == 1:
        return _converter.structure(value, members[0])
    for member in members:
        if type(value) is member:
            return _converter.structure(value, member)
    # A single member of the value's form names its own faults; of several the first that fits is taken,
    # and where none fits a fault of one of them would mislead: the union as a whole is named.
    candidates = [m for m in members if form_of(m) == form(value)]
    if len(candidates) == 1 and candidates[0] not in (float, int, str, bool):
        return _converter.structure(value, candidates[0])
    for member in candidates:
        try:
            return _converter.structure(value, member)
        except (BadInput, BaseValidationError):
            continue
    raise misfit(kind, value)


def _table(cls: type, converter: Converter) -> Callable[[Any, Any], Any]:
    fields: Callable[[Any, Any], Any] = make_dict_structure_fn(  # pyright: ignore[reportUnknownVariableType]
        cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True
    )

    def hook(value: Any, kind: Any) -> Any:
        if not is_table(value):
            raise misfit(cls, value)
        return fields(value, kind)  # pyright: ignore[reportUnknownVariableType]

    return hook


def _choice(value: Any, _: Any) -> Choice:
    """Read `name`, `{name, options: {...}}`, or the canonical `{name, options: [[key, value], ...]}`."""
    if isinstance(value, str):
        return Choice(value)
    if not is_table(value):
        raise misfit(Choice, value)
    table: dict[str, Any] = dict(value)
    if is_list(table.get("options")):
        pairs = _converter.structure(table["options"], tuple[tuple[str, Any], ...])
        table["options"] = dict(pairs)
    plain = _converter.structure(table, _NamedOptions)
    return Choice.of(plain.name, {k: _option(v) for k, v in plain.options.items()})


def _option(value: Any) -> OptionValue:
    if isinstance(value, str) and value in ("inf", "-inf"):
        return float(value)
    if is_list(value):
        return tuple(_option(v) for v in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise BadInput(
        f"an option is a number, text, true or false, or a list of them; found {found(value)}."
    )


def _budget(value: Any, _: Any) -> Budget:
    """Read `{steps: 1000}` (or passes, seconds), or the canonical `{unit, amount}`."""
    if is_table(value) and "unit" in value:
        canonical = _converter.structure(value, _Amount)
        value = {canonical.unit: canonical.amount}
    given = _converter.structure(value, _BudgetTable)
    return Budget(given.steps, passes=given.passes, seconds=given.seconds)


@dataclasses.dataclass(frozen=True)
class _NamedOptions:
    name: str
    options: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])


@dataclasses.dataclass(frozen=True)
class _Amount:
    unit: Literal["steps", "passes", "seconds"]
    amount: int | float


@dataclasses.dataclass(frozen=True)
class _BudgetTable:
    steps: int | None = None
    passes: int | None = None
    seconds: float | None = None


# Faults: from cattrs' tree of exceptions to one line each.


def _faults(error: BaseException, path: str) -> Iterator[str]:
    path, note = _at(error, path)
    at = f"{path}: " if path else ""
    if isinstance(error, BaseValidationError):
        for part in error.exceptions:
            yield from _faults(part, path)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [f.name for f in dataclasses.fields(error.cl)]
        for key in sorted(map(str, error.extra_fields)):
            hint = did_you_mean(key, known) or f"known: {', '.join(known)}."
            yield f"{_joined(path, key)}: unknown key; {hint}"
    elif isinstance(error, KeyError) and note is not None:
        yield f"{path}: missing; expected {expected(note.type)}."
    elif isinstance(error, (BadInput, ValueError, TypeError)):
        yield f"{at}{error}"
    else:
        raise error


def _at(error: BaseException, path: str) -> tuple[str, AttributeValidationNote | None]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return _joined(path, note.name), note
        if isinstance(note, IterableValidationNote):
            index = note.index
            return (
                f"{path}[{index}]" if isinstance(index, int) else _joined(path, str(index))
            ), None
    return path, None


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)
    converter.register_structure_hook_factory(dataclasses.is_dataclass, _table)
    converter.register_structure_hook_func(is_union, _union)
    converter.register_structure_hook_func(is_sequence, _sequence)
    converter.register_structure_hook_func(is_mapping, _mapping)
    converter.register_structure_hook_func(lambda kind: get_origin(kind) is Literal, _literal)
    converter.register_structure_hook(float, _number)
    for kind in (int, str, bool):
        converter.register_structure_hook(kind, _exact(kind))
    converter.register_structure_hook(Choice, _choice)
    converter.register_structure_hook(Budget, _budget)
    return converter


_converter = _make_converter()
