"""`paretomtl check`: a problem or method, ours or yours, against its contract."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from paretomtl.cli.output import PLAIN, Output
from paretomtl.cli.show import parse_option
from paretomtl.errors import BadInput, closest, unknown_name

NOT_MET = 4


def check_command(
    target: str,
    *,
    option: Annotated[list[str] | None, Parameter(negative="")] = None,
    output: Output = PLAIN,
) -> int:
    """Test a problem or method, ours or yours, against its contract.

    Args:
        target: A registered name, or where the class or instance is: module:attribute or
            path/to/file.py:attribute.
        option: An option it is constructed with, such as n_variables=5; repeat for more.
        output: How to print.
    """
    options = dict(parse_option(text) for text in option or [])
    found = _construct(target, options)
    findings = _kit(found)(found)
    wrong = [finding for finding in findings if not finding.ok]
    if output.json:
        rows = [dataclasses.asdict(finding) for finding in findings]
        data = {"target": target, "ok": not wrong, "findings": rows}
        output.result(data | _properties(found))
    else:
        output.result(None, *(str(finding) for finding in (wrong if output.quiet else findings)))
        if not output.quiet:
            output.result(None, *_card(_properties(found)))
    lines = f"{len(findings)} lines of the contract"
    output.say(
        "", f"{target} keeps all {lines}." if not wrong else f"{len(wrong)} of {lines} broken."
    )
    return NOT_MET if wrong else 0


def _kit(found: object) -> Any:
    """Return the contract kit for a problem or method.

    Raises:
        BadInput: It is neither, or this version has no kit for it.
    """
    from paretomtl.methods.base import Method
    from paretomtl.problems.base import Problem

    for base, kit in ((Problem, "problem"), (Method, "method")):
        module = f"paretomtl.testing.{kit}s"
        if isinstance(found, base):
            if importlib.util.find_spec(module) is None:
                raise BadInput(f"this version of paretomtl has no contract kit for {kit}s.")
            return getattr(importlib.import_module(module), f"check_{kit}")
    raise BadInput(f"expected a problem or a method; found {type(found).__name__}.")


def _properties(found: object) -> dict[str, Any]:
    """Return the measured properties of a method, or why they could not be measured."""
    from paretomtl.methods.base import Method

    if not isinstance(found, Method):
        return {}
    from paretomtl.testing.properties import measure

    try:
        return {"properties": measure(found)}
    except Exception as error:  # noqa: BLE001 - the code under test may raise anything
        return {"properties": None, "not measured": f"{type(error).__name__}: {error}"}


def _card(facts: dict[str, Any]) -> list[str]:
    """Lay measured properties out for people."""
    if not facts:
        return []
    if facts["properties"] is None:
        return ["", f"Its properties could not be measured: {facts['not measured']}"]
    lines = [f"{'yes' if has else 'no':<4} {name}" for name, has in facts["properties"].items()]
    return ["", "Measured properties of the direction:", *lines]


def _construct(target: str, options: dict[str, Any]) -> Any:
    """Return the instance that `target` names."""
    from paretomtl.methods.base import methods
    from paretomtl.problems.base import problems

    if ":" in target:
        return _instance(_import(target), target, options)
    for registry in (problems, methods):
        if target in registry:
            example = getattr(registry[target], "example", {})
            return registry.create(target, **{**example, **options})
    hint = "Your own is given as module:attribute or path/to/file.py:attribute."
    raise unknown_name("problem or method", target, [*problems, *methods], hint=hint)


def _instance(found: Any, target: str, options: dict[str, Any]) -> Any:
    if not callable(found):
        if options:
            raise BadInput(f"{target!r} is an instance already; --option needs a class.")
        return found
    try:
        return found(**options)
    except TypeError as error:
        raise BadInput(f"{target!r} cannot be constructed: {error}.") from error


def _import(target: str) -> Any:
    """Return what `module:attribute` or `path/to/file.py:attribute` names."""
    place, _, attribute = target.rpartition(":")
    if not (place and attribute):
        raise BadInput(f"expected module:attribute; found {target!r}.")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does
    try:
        module = _load(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise BadInput(f"cannot import {place!r}: {error}.") from error
    if not hasattr(module, attribute):
        close = closest(attribute, vars(module))
        advice = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise BadInput(f"{place!r} has no {attribute!r}.{advice}")
    return getattr(module, attribute)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise BadInput(f"there is no file {str(path)!r}.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{str(path)!r} cannot be loaded as a module.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
