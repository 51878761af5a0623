"""The record: what is kept of one run, frozen, versioned, self-describing."""

from __future__ import annotations

from dataclasses import dataclass, field

from paretomtl.engine.outcome import Outcome
from paretomtl.sweep.spec import RunSpec

RECORD_VERSION = 1
"""Version of the stored format; older files are migrated on reading, newer ones refused."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where and with what a run was made. Never part of the key.

    Args:
        package: Version of paretomtl.
        commit: Commit of the source tree, with "+dirty" when it had changes; "" when unknown.
        torch: Version of torch.
        python: Version of Python.
        platform: Operating system and machine type.
        device: Device the lanes ran on, such as "cpu" or "cuda:0 NVIDIA H200".
        threads: Threads torch used on the CPU.
        started: UTC time in ISO 8601 when the batch began.
        seconds: Wall-clock of the whole batch.
        lanes: Runs that shared the batch.
        peak_memory: Peak bytes of the process (CPU) or allocator (GPU) during the batch.
    """

    package: str
    commit: str
    torch: str
    python: str
    platform: str
    device: str
    threads: int
    started: str
    seconds: float
    lanes: int
    peak_memory: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run: what was asked, what came out, where it was made."""

    spec: RunSpec
    outcome: Outcome
    provenance: Provenance
    version: int = field(default=RECORD_VERSION)

    @property
    def key(self) -> str:
        """The spec's key: the same work is never done twice."""
        return self.spec.key
