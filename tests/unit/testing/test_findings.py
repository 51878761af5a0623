"""Checks one after the other: what raises is a finding against its own line."""

from __future__ import annotations

from collections.abc import Iterator

from paretomtl.testing.findings import Finding, run


def sound() -> Iterator[Finding]:
    yield Finding("one", ok=True, detail="1e-9")
    yield Finding("two", ok=False)


def crashing() -> Iterator[Finding]:
    yield Finding("half", ok=True)
    raise ZeroDivisionError("no")


def test_a_crash_ends_its_own_check_only() -> None:
    findings = run(("crashing", crashing), ("sound", sound))
    assert list(map(str, findings)) == [
        "ok   half",
        "FAIL crashing: ZeroDivisionError: no",
        "ok   one: 1e-9",
        "FAIL two",
    ]
