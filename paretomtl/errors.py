"""What can go wrong and how it is said: what was expected, what was found, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ParetomtlError(Exception):
    """Root of every error that this package raises on purpose."""


class BadInput(ParetomtlError, ValueError):
    """Something the caller passed (a value, a file, an option) cannot be used."""


class UnknownName(BadInput, LookupError):
    """A problem, method, suite, option or key that does not exist; carries the closest names."""


class Unfit(BadInput):
    """A network, or what its problem says of it, cannot be carried out; costs its own runs only."""


class MissingExtra(BadInput, ImportError):
    """A feature whose optional dependency is not installed; says which extra to install."""


class StoreError(BadInput, OSError):
    """A store or record that cannot be read or written."""


class NoKnownFront(ParetomtlError, LookupError):
    """The problem's exact front, or a fact derived from it, is not known."""


def closest(name: str, known: Iterable[str], *, n: int = 3) -> list[str]:
    """Return up to `n` of the `known` names that resemble `name`, best first."""
    return difflib.get_close_matches(name, list(known), n=n, cutoff=0.5)


def unknown_name(kind: str, name: str, known: Iterable[str], *, hint: str = "") -> UnknownName:
    """Build the error for a `name` of some `kind` that is not among the `known` ones.

    >>> print(unknown_name("problem", "zdt", ["zdt1", "vlmop2"]))
    unknown problem 'zdt'. Did you mean 'zdt1'?
    """
    names = sorted(known)
    close = closest(name, names)
    if close:
        advice = f"Did you mean {' or '.join(repr(c) for c in close)}?"
    elif names:
        advice = f"Known: {', '.join(names)}."
    else:
        advice = "None is known."
    return UnknownName(" ".join(filter(None, [f"unknown {kind} {name!r}.", advice, hint])))


def missing_extra(feature: str, *, package: str, extra: str) -> MissingExtra:
    """Build the error for a `feature` that needs a `package` of an optional `extra`."""
    return MissingExtra(
        f"{feature} needs the package {package!r}, which is not installed. "
        f"Install it with: pip install 'paretomtl[{extra}]'"
    )
