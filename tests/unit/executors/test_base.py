"""Executors by name."""

from __future__ import annotations

import pytest

from paretomtl.engine import Compute
from paretomtl.errors import BadInput, UnknownName
from paretomtl.executors import Local, Processes, executor, executors


def test_an_executor_by_name_with_options_or_as_it_is() -> None:
    assert set(executors) >= {"local", "processes", "ray"}
    assert executor("processes", workers=2) == Processes(workers=2)
    mine = Local()
    assert executor(mine) is mine


def test_unknown_names_options_and_devices() -> None:
    with pytest.raises(UnknownName, match=r"'locla'.*'local'"):
        executor("locla")
    with pytest.raises(UnknownName, match=r"'worker'.*'workers'"):
        executor("processes", worker=2)
    with pytest.raises(BadInput, match="abacus"):
        Local().check(Compute(device="abacus"))
