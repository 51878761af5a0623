"""A record is known by its spec alone, and cannot be changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from paretomtl.records.record import Record

Make = Callable[..., Record]


def test_the_key_depends_on_the_spec_alone(make_record: Make) -> None:
    record = make_record(0)
    elsewhere = dataclasses.replace(record.provenance, device="cuda:0", commit="", seconds=9.0)
    failed = make_record(0, status="failed", losses={})
    assert record.key == failed.key == dataclasses.replace(record, provenance=elsewhere).key
    assert record.key == record.spec.key
    assert record.key != make_record(1).key


def test_it_is_frozen(make_record: Make) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_record().version = 2  # pyright: ignore[reportAttributeAccessIssue]
