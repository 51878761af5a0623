"""What a contract kit reports: one finding for every line of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Whether one line of a contract holds.

    Args:
        check: The line, in words.
        ok: Whether it holds.
        detail: What was found: the smallest failing input, or the figure that passed.
    """

    check: str
    ok: bool
    detail: str = ""

    def __str__(self) -> str:
        mark = "ok  " if self.ok else "FAIL"
        return f"{mark} {self.check}" + (f": {self.detail}" if self.detail else "")


Check = Callable[[], Iterator[Finding]]


def run(*checks: tuple[str, Check]) -> list[Finding]:
    """Run checks in order; an exception is a finding against its check, not the end of the others."""
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings.extend(check())
        except Exception as error:  # noqa: BLE001 - the code under test may raise anything
            findings.append(Finding(name, ok=False, detail=f"{type(error).__name__}: {error}"))
    return findings
