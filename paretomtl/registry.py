"""Names to classes: how problems and methods, ours and third parties', are found.

A class enters by the `register` decorator. Packages enter by entry points: on the first lookup the
registry imports every entry point of its group, and importing registers. A provider that fails to
import is kept with its exception, shown by `paretomtl doctor` and in "unknown name" errors; it never
hides the others.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar

from paretomtl.errors import BadInput, UnknownName, unknown_name

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Registry(Mapping[str, type[T]], Generic[T]):
    """A mapping from names to the subclasses of `base` that are registered under them.

    Args:
        kind: What an entry is, in the singular, for messages: "problem", "method".
        base: The class that every entry must derive from.
        group: The entry-point group that other packages use to provide entries.
        builtin: A package of ours; every module below it is imported on the first lookup.
    """

    def __init__(self, kind: str, base: type[T], *, group: str, builtin: str | None = None) -> None:
        self.kind = kind
        self.group = group
        self.broken: dict[str, Exception] = {}
        self._base = base
        self._builtin = builtin
        self._entries: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[C], C]:
        """Decorate a class so that it is found under `name`.

        Raises:
            BadInput: The class does not derive from the base, or the name is taken (both owners are
                named).
        """

        def enter(cls: C) -> C:
            if not issubclass(cls, self._base):
                raise BadInput(
                    f"{self.kind} {name!r}: {cls.__qualname__} must derive from "
                    f"{self._base.__module__}.{self._base.__qualname__}."
                )
            owner = self._entries.get(name)
            if owner is not None and _address(owner) != _address(cls):
                raise BadInput(
                    f"{self.kind} name {name!r} is taken by {_address(owner)}; "
                    f"{_address(cls)} must choose another."
                )
            self._entries[name] = cls
            setattr(cls, "name", name)  # noqa: B010 - `C` is bound to `type`, which has no `name`
            return cls

        return enter

    def create(self, name: str, /, **options: Any) -> T:
        """Construct the entry `name` from its own options.

        Raises:
            UnknownName: No such entry, or it has no such option (closest names given).
            BadInput: The entry refuses an option's value.
        """
        cls = self[name]
        known = self.options(name)
        for option in options:
            if option not in known:
                raise self.unknown_option(name, option)
        missing = [o for o, d in known.items() if d is inspect.Parameter.empty and o not in options]
        if missing:
            raise BadInput(f"{self.kind} {name!r} needs the option {missing[0]!r}.")
        try:
            return cls(**options)
        except TypeError as error:
            raise BadInput(f"{self.kind} {name!r}: {error}") from error

    def unknown_option(self, name: str, option: str) -> UnknownName:
        """Build the error for an option that the entry `name` has not, or that has another name now.

        An entry may state its options' earlier names in a class variable `renamed`, old to new.
        """
        earlier: Mapping[str, str] = getattr(self[name], "renamed", {})
        hint = f"It is called {earlier[option]!r} now." if option in earlier else ""
        kind = f"option of {self.kind} {name!r}:"
        return unknown_name(kind, option, self.options(name), hint=hint)

    def options(self, name: str) -> dict[str, Any]:
        """Return the options of the entry `name` with their defaults."""
        cls = self[name]
        if dataclasses.is_dataclass(cls):
            return {f.name: _default(f) for f in dataclasses.fields(cls) if f.init}
        parameters = inspect.signature(cls).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD}

    def describe(self, name: str) -> str:
        """Return the first paragraph of the entry's documentation."""
        return (inspect.getdoc(self[name]) or "").split("\n\n")[0].replace("\n", " ")

    def __getitem__(self, name: str) -> type[T]:
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"the name of a {self.kind} must be a string; found {name!r}.")
        self._discover()
        try:
            return self._entries[name]
        except KeyError:
            broken = "".join(
                f" The provider {p!r} could not be loaded ({type(e).__name__}: {e})."
                for p, e in self.broken.items()
            )
            raise unknown_name(self.kind, name, self._entries, hint=broken.strip()) from None

    def __contains__(self, name: object) -> bool:
        self._discover()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        self._discover()
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<{len(self)} {self.kind}s: {', '.join(self)}>"

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        if self._builtin is not None:
            import_below(self._builtin)
        for point in entry_points(group=self.group):
            try:
                point.load()
            except Exception as error:  # noqa: BLE001 - a foreign provider may fail in any way
                self.broken[f"{point.name} = {point.value}"] = error


class RegistryPackage(ModuleType, Mapping[str, Any]):
    """A package that is the registry of what its modules, and those of others, register.

    So `pm.methods` is both: `list(pm.methods)`, `"mgda" in pm.methods`, `pm.methods["mgda"]` and
    `@pm.methods.register(name)` ask the registry, and `import paretomtl.methods.base` finds the module. Were
    the registry another object of the package's name, importing a submodule would hide it.
    """

    registry: Registry[Any]

    def __getitem__(self, name: str) -> Any:
        return self.registry[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.registry)

    def __len__(self) -> int:
        return len(self.registry)

    def __contains__(self, name: object) -> bool:
        return name in self.registry

    def __getattr__(self, name: str) -> Any:
        registry = None if name.startswith("_") else vars(self).get("registry")
        if registry is None or not hasattr(registry, name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(registry, name)

    def __repr__(self) -> str:
        return repr(self.registry)

    # As a module: equal to itself alone, and true without a look at what is registered.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return True


def make_registry_package(package: str, registry: Registry[Any]) -> None:
    """Let a package, given by its name, be a registry as well."""
    module = sys.modules[package]
    vars(module)["registry"] = registry
    module.__class__ = RegistryPackage


def import_below(package: str) -> None:
    """Import every module below a package, so that what they register is found without being listed.

    Raises:
        Exception: Whatever a module raises that cannot be imported: none is passed over.
    """
    path = importlib.import_module(package).__path__
    # A module is imported before the walk goes below it: what fails raises its own error, whereas
    # `walk_packages` by itself passes over a package that cannot be imported.
    for found in pkgutil.walk_packages(path, f"{package}."):
        importlib.import_module(found.name)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty


def _address(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
