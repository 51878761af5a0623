"""How batches are computed: what may change speed, memory and rounding, never what is computed."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from paretomtl.engine.device import describe_device, resolve_device
from paretomtl.errors import BadInput

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Where and how lanes are computed.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:1".
        compile: Whether the step is compiled by torch's inductor. It takes from some seconds to a
            minute for every new kind of batch, under a second where an earlier process has compiled
            it, and makes a step of many networks 1.5 to 3.5 times as fast
            (`benchmarks/side_by_side/neural_lanes.md`); numbers differ by rounding. Needs a C++ compiler on the CPU.
        deterministic: Whether a run's numbers are the same to the bit in any batch and chunk, and with
            any number of threads: batches hold one method each, all have the same number of lanes
            (filled up with idle ones), and the CPU uses one thread. Slower for few lanes.
        memory: Bytes that the tensors of a batch may take, such as 6e9 or "6 GB"; None for no limit.
            Batches are cut into chunks that fit; results do not change.

    Raises:
        BadInput: The device does not exist, or the memory is no size.
    """

    device: str = "auto"
    compile: bool = False
    deterministic: bool = False
    memory: int | float | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", None if self.memory is None else _bytes(self.memory))

    @property
    def limit(self) -> int | None:
        """The memory limit in bytes."""
        return self.memory  # pyright: ignore[reportReturnType] - a whole number since __post_init__

    @property
    def resolved(self) -> torch.device:
        """The device.

        Raises:
            BadInput: There is no such device on this machine.
        """
        return resolve_device(self.device)

    @property
    def description(self) -> str:
        """What a reader of a record needs: the device, and what changes the rounding.

        >>> Compute(device="cpu", compile=True).description
        'cpu, compiled'
        """
        parts = [describe_device(self.resolved)]
        if self.compile:
            parts.append("compiled")
        if self.deterministic:
            parts.append("deterministic")
        return ", ".join(parts)

    @contextmanager
    def applied(self) -> Generator[None]:
        """Set torch up for the time of a batch; gradients are taken whatever mode the caller is in."""
        with torch.inference_mode(mode=False), torch.enable_grad(), self._exactly():
            yield

    @contextmanager
    def _exactly(self) -> Generator[None]:
        if not self.deterministic:
            yield
            return
        threads = torch.get_num_threads()
        asked = torch.are_deterministic_algorithms_enabled()
        warns = torch.is_deterministic_algorithms_warn_only_enabled()
        torch.set_num_threads(1)
        if self.resolved.type == "cuda":
            torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(asked, warn_only=warns)


def _bytes(size: int | float | str) -> int:
    """Return a size in bytes.

    >>> _bytes("6 GB"), _bytes("512MiB"), _bytes(2e9)
    (6000000000, 536870912, 2000000000)
    """
    if isinstance(size, str):
        found = re.fullmatch(r"\s*([\d.]+(?:e\d+)?)\s*([kmg]i?)?b?\s*", size.lower())
        value = _number(found[1]) * _UNITS[found[2] or ""] if found else float("nan")
    else:
        value = float(size)
    if isinstance(size, bool) or not 0 < value < float("inf"):
        raise BadInput(f"`memory` must be a size such as '6 GB' or 6e9 bytes; found {size!r}.")
    return int(value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
