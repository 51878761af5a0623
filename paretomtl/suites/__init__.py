"""Suite files: the built-in ones beside this module, and any TOML file of the same form.

A suite file holds the fields of `paretomtl.sweep.suite.Suite`:

    name = "my-suite"
    preferences = 16                       # or { n = 16, kind = "riesz", seed = 0 }, or [[0.5, 0.5], ...]
    seeds = 3                              # or [0, 7, 42]
    budget = { steps = 1000 }              # or passes, or seconds
    optimizer = { name = "adam", lr = 0.01 }
    methods = ["linear", "mgda", { name = "power_mean", gammas = [1, 2, 4] }]

    [[problems]]
    name = "zdt1"
    options = { n_variables = 30 }
    optimizer = { lr = 0.02 }              # any setting may be given for one problem or one method
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from paretomtl.errors import BadInput, unknown_name
from paretomtl.records.codec import structure
from paretomtl.sweep.suite import Suite


def names() -> list[str]:
    """Return the names of the built-in suites, sorted."""
    files = resources.files(__name__).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def load(name: str | Path) -> Suite:
    """Return the built-in suite of that name, or the one in the file at that path.

    Raises:
        UnknownName: It is neither; the closest names are given.
        BadInput: The file cannot be read, is no TOML, or does not describe a suite: every unknown key
            and wrong type is listed with its path.
    """
    if name in names():
        resource = resources.files(__name__) / f"{name}.toml"
        return parse(resource.read_text(encoding="utf-8"), document=f"suite {name!r}")
    path = Path(name)
    if not path.exists():
        hint = "A suite is one of these names or the path of a TOML file."
        if path.suffix or path.parent != Path():
            raise BadInput(f"there is no suite file {str(path)!r} here ({Path.cwd()}).")
        raise unknown_name("suite", str(name), names(), hint=hint)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the suite file {str(path)!r}: {error}.") from error
    return parse(text, document=str(path))


def parse(text: str, *, document: str = "suite") -> Suite:
    """Return the suite that TOML text describes.

    Args:
        text: The content of a suite file.
        document: What to call it in messages.

    Raises:
        BadInput: It is no TOML, or does not describe a suite.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{document} is not valid TOML: {error}.") from error
    return structure(data, Suite, document=document)
