"""Where a run's random numbers come from: its own seed or key, never its place in a batch."""

from __future__ import annotations

import hashlib

import torch


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return a CPU generator for one purpose, such as "start", "weights" or "minibatches", of one seed."""
    return torch.Generator().manual_seed(stable_hash(f"{purpose}:{seed}"))


def stable_hash(text: str) -> int:
    """Return 63 bits of the SHA-256 of a text: the same on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def origin(seed: int, member: int, purpose: str) -> torch.Generator:
    """Return the generator that a run's start or weights come from."""
    return generator(seed, purpose if member == 0 else f"{purpose} of member {member}")
