"""`paretomtl doctor`: what this installation is made of, and what is broken."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path
from typing import Any, Literal, TypeAlias

import paretomtl
from paretomtl.cli.output import PLAIN, Output
from paretomtl.cli.stores import RUNS

Verdict: TypeAlias = Literal["ok", "absent", "broken"]
NOT_MET = 4
LIBRARIES = ("torch", "numpy", "scipy", "pandas", "pyarrow", "pymoo", "cattrs", "cyclopts", "rich")


def doctor_command(*, output: Output = PLAIN) -> int:
    """Show versions, devices, extras and what is broken.

    Args:
        output: How to print.
    """
    rows = [*_versions(), *_devices(), *_providers(), *_extras(), _store()]
    output.table(rows, {"what": "", "verdict": "", "detail": ""})
    broken = [row["what"] for row in rows if row["verdict"] == "broken"]
    if output.json:
        output.result(rows)
    output.say("", f"Broken: {', '.join(broken)}." if broken else "Nothing is broken.")
    return NOT_MET if broken else 0


def _row(what: str, verdict: Verdict, detail: str) -> dict[str, Any]:
    return {"what": what, "verdict": verdict, "detail": detail}


def _versions() -> list[dict[str, Any]]:
    where = str(Path(paretomtl.__file__).parent)
    rows = [
        _row("paretomtl", "ok", f"{paretomtl.__version__} in {where}"),
        _row("Python", "ok", f"{platform.python_version()} ({sys.executable})"),
        _row("system", "ok", f"{platform.platform()}, {os.cpu_count()} CPUs"),
    ]
    for library in LIBRARIES:
        try:
            importlib.import_module(library)
            rows.append(_row(library, "ok", version(library)))
        except Exception as error:  # noqa: BLE001 - a broken library may fail in any way
            rows.append(_row(library, "broken", f"{type(error).__name__}: {error}"))
    return rows


def _devices() -> list[dict[str, Any]]:
    import torch

    threads = f"{torch.get_num_threads()} threads (OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')})"
    rows = [_row("device cpu", "ok", threads)]
    if not torch.cuda.is_available():
        built = torch.version.cuda or "this torch is built without CUDA"
        return [*rows, _row("device cuda", "absent", built)]
    for i in range(torch.cuda.device_count()):
        memory = torch.cuda.mem_get_info(i)[1] / 2**30
        detail = f"{torch.cuda.get_device_name(i)}, {memory:.0f} GiB, CUDA {torch.version.cuda}"
        rows.append(_row(f"device cuda:{i}", "ok", detail))
    return rows


def _providers() -> list[dict[str, Any]]:
    from paretomtl.executors import executors
    from paretomtl.methods.base import methods
    from paretomtl.problems.base import problems

    rows: list[dict[str, Any]] = []
    for registry in (problems, methods, executors):
        rows.append(_row(f"{registry.kind}s", "ok", f"{len(registry)} registered"))
        rows += [
            _row(f"provider {provider}", "broken", f"{type(error).__name__}: {error}")
            for provider, error in registry.broken.items()
        ]
    for point in entry_points(group="paretomtl.reports"):
        try:
            point.load()
            rows.append(_row("reports", "ok", f"{point.name} = {point.value}"))
        except Exception as error:  # noqa: BLE001 - a foreign provider may fail in any way
            detail = f"{type(error).__name__}: {error}"
            missing = isinstance(error, ImportError)
            rows.append(_row(f"reports {point.name}", "absent" if missing else "broken", detail))
    return rows


def _extras() -> list[dict[str, Any]]:
    """Return one row for each optional package: its version, or how to install it."""
    rows: list[dict[str, Any]] = []
    for requirement in requires("paretomtl") or []:
        match = re.match(r"([\w.-]+).*;.*extra\s*==\s*['\"]([\w-]+)['\"]", requirement)
        if match is None or match[2] == "dev":
            continue
        package, extra = match[1], match[2]
        try:
            rows.append(_row(f"extra {extra}", "ok", f"{package} {version(package)}"))
        except PackageNotFoundError:
            advice = f"{package} is not installed: pip install 'paretomtl[{extra}]'"
            rows.append(_row(f"extra {extra}", "absent", advice))
    return rows


def _store() -> dict[str, Any]:
    """Try to write where stores go by default, and leave nothing behind."""
    existing = RUNS if RUNS.is_dir() else Path()
    try:
        with tempfile.TemporaryFile(dir=existing):
            return _row("store", "ok", f"{str(RUNS.resolve())!r} can be written to")
    except OSError as error:
        return _row("store", "broken", f"{str(RUNS.resolve())!r} cannot be written to: {error}")
