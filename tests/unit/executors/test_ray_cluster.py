"""The Ray executor, where Ray is installed; where it is not, it says which extra to install."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from paretomtl.errors import BadInput, MissingExtra
from paretomtl.executors import RayCluster, execute
from paretomtl.records.store import Store
from paretomtl.sweep.spec import RunSpec

Sweep = Callable[..., list[RunSpec]]


def test_without_ray_the_extra_is_named_before_anything_runs(
    store: Store, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def absent(name: str, *rest: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"pip install 'paretomtl\[ray\]'"):
        execute(sweep(5), store, executor="ray")
    assert not store.path.exists()


@pytest.mark.parametrize("options", [{"cpus": 0}, {"gpus": -1.0}])
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="at least"):
        RayCluster(**options)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of ray's own
def test_on_ray_records_are_those_of_this_process(store: Store, sweep: Sweep) -> None:
    ray = pytest.importorskip("ray")
    try:
        specs = sweep(5, 20, 30)
        summary = execute(specs, store, executor="ray")
        assert (summary.ok, summary.remaining) == (12, 0)
        here = Store(store.path.with_name("here"))
        execute(specs, here)
        ours = {r.key: r.outcome for r in here.records()}
        for record in store.records():
            assert (
                record.outcome.losses["test"].tobytes() == ours[record.key].losses["test"].tobytes()
            )
        assert execute(specs, store, executor="ray").executed == 0
    finally:
        ray.shutdown()
