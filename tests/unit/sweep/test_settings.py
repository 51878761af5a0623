"""Every setting is part of a run's spec, and a younger one changes no key that was there before it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest

from paretomtl.errors import BadInput
from paretomtl.sweep.settings import (
    SETTINGS,
    Budget,
    ConflictAware,
    Optimizer,
    Settings,
    Stop,
)
from paretomtl.sweep.spec import Choice, RunSpec

OFF_DEFAULT: dict[str, Any] = {
    "optimizer": Optimizer(name="sgd", lr=0.5),
    "budget": Budget(passes=7),
    "batch_size": 3,
    "precision": "float32",
    "heads": "weighted",
    "snapshots": 5,
    "stop": Stop(every=7),
    "level": "representation",
}
RUN: dict[str, Any] = {
    "problem": Choice.of("zdt1", {"n_variables": 4}),
    "method": Choice("linear"),
    "preference": (0.25, 0.75),
    "seed": 3,
}


def test_this_file_knows_every_setting() -> None:
    assert set(OFF_DEFAULT) == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_belongs_to_the_spec_and_to_its_key(name: str) -> None:
    plain, changed = RunSpec(**RUN), RunSpec(**RUN, **{name: OFF_DEFAULT[name]})
    assert getattr(changed, name) == OFF_DEFAULT[name]
    assert name in changed.canonical()
    assert changed.key != plain.key
    assert changed.settings == Settings(**{name: OFF_DEFAULT[name]}) != plain.settings


def test_a_specs_settings_are_its_settings_alone() -> None:
    settings = RunSpec(**RUN, **OFF_DEFAULT).settings
    assert type(settings) is Settings
    assert settings == Settings(**OFF_DEFAULT)
    assert hash(settings) == hash(Settings(**OFF_DEFAULT))
    assert settings.settings == settings
    assert RunSpec(**RUN).settings == Settings()


def test_settings_at_their_younger_defaults_are_left_out() -> None:
    younger = {f.name for f in dataclasses.fields(Settings) if "younger" in f.metadata}
    assert younger == {"stop", "level"}
    canonical = RunSpec(**RUN).canonical()
    assert set(SETTINGS) - set(canonical) == {"stop", "level"}
    stated = RunSpec(**RUN, stop=None, level="parameters")
    assert stated.key == RunSpec(**RUN).key


@pytest.mark.parametrize(
    ("settings", "key", "canonical"),
    [
        (
            {},
            "0ada1dd4354db786441fa7b038252987",
            (
                '{"batch_size":null,"budget":{"amount":1000,"unit":"steps"},"heads":"unweighted",'
                '"method":{"name":"linear","options":[]},"optimizer":{"betas":[0.9,0.999],'
                '"conflict":null,"eps":1e-08,"lr":0.01,"momentum":0.9,"name":"adam",'
                '"schedule":"constant","weight_decay":0},"population":[],"precision":null,'
                '"preference":[0.25,0.75],"problem":{"name":"zdt1","options":[["n_variables",'
                '4]]},"seed":3,"snapshots":null,"version":1}'
            ),
        ),
        (
            {
                "optimizer": Optimizer(
                    name="nesterov", lr=1.0, schedule="cosine", conflict=ConflictAware()
                ),
                "budget": Budget(seconds=2.5),
                "batch_size": 16,
                "precision": "bfloat16",
                "heads": "weighted",
                "snapshots": 4,
            },
            "aca72a3c578870e5de518242fc2231c9",
            (
                '{"batch_size":16,"budget":{"amount":2.5,"unit":"seconds"},"heads":"weighted",'
                '"method":{"name":"linear","options":[]},"optimizer":{"betas":[0.9,0.999],'
                '"conflict":{"grow":1.05,"highest":1,"lowest":0.1,"shrink":0.9,"threshold":1},'
                '"eps":1e-08,"lr":1,"momentum":0.9,"name":"nesterov","schedule":"cosine",'
                '"weight_decay":0},"population":[],"precision":"bfloat16","preference":[0.25,'
                '0.75],"problem":{"name":"zdt1","options":[["n_variables",4]]},"seed":3,'
                '"snapshots":4,"version":1}'
            ),
        ),
    ],
)
def test_keys_are_those_that_records_were_written_under(
    settings: dict[str, Any], key: str, canonical: str
) -> None:
    """The text is what version 1 wrote: no key may ever change, or all recorded work is lost."""
    assert hashlib.sha256(canonical.encode()).hexdigest()[:32] == key
    assert RunSpec(**RUN, **settings).key == key


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().heads = "weighted"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Budget(), "exactly one of steps, passes, seconds; found none"),
        (lambda: Budget(3, passes=4), "exactly one of"),
        (lambda: Budget(steps=0), "budget `steps` must be a positive number; found 0"),
        (lambda: Budget(passes=2.5), "budget `passes` must be a whole number"),  # pyright: ignore[reportArgumentType]
        (lambda: Budget(seconds=float("inf")), "budget `seconds` must be a positive number"),
        (lambda: Optimizer(name="adagrad"), "`name` must be one of sgd, momentum, .*'adagrad'"),  # pyright: ignore[reportArgumentType]
        (lambda: Optimizer(lr=0.0), "`lr` must be a finite number > 0"),
        (lambda: Optimizer(betas=(0.9, 1.0)), r"`betas` must be in \[0, 1\); found 1.0"),
        (lambda: Optimizer(weight_decay=-1.0), "`weight_decay` must be >= 0"),
        (lambda: Optimizer(schedule="linear"), "`schedule` must be 'constant' or 'cosine'"),  # pyright: ignore[reportArgumentType]
        (lambda: ConflictAware(shrink=0.0), "0 < `shrink` <= 1 <= `grow`"),
        (lambda: ConflictAware(lowest=2.0), "0 < `lowest` <= `highest`"),
        (lambda: Settings(precision="half"), "`precision` must be one of float64.*'half'"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_senseless_numbers_are_refused(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


def test_a_budget_reads_as_it_is_meant() -> None:
    assert [str(b) for b in (Budget(1000), Budget(passes=20), Budget(seconds=1.5))] == [
        "1000 steps",
        "20 passes",
        "1.5 seconds",
    ]
    assert Budget(steps=3) == Budget(steps=3.0)  # pyright: ignore[reportArgumentType]
    assert Budget(steps=3) != Budget(passes=3)
