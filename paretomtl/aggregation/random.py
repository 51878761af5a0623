"""Random numbers without a hidden state: a draw is a hash of what it is for.

Every draw depends on (key, step, stream, index) and on nothing else, so a lane draws the same numbers
in any batch, at any position, on any device, and after a resume. The generator is SplitMix64's output
function (Steele, Lea and Flood, 2014, "Fast splittable pseudorandom number generators"), applied once
per coordinate of the counter, as counter-based generators do (Salmon et al., 2011): for one key, step
and stream the draws are the SplitMix64 sequence itself.

torch has no unsigned 64-bit arithmetic: the hash works on int64, whose products wrap around modulo
2^64 as needed, and whose arithmetic right shifts are masked to logical ones.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from paretomtl.aggregation.recording import recorded
from paretomtl.errors import BadInput
from paretomtl.shapes import Keys


def _signed(value: int) -> int:
    """Return the int64 with the bits of an unsigned 64-bit integer."""
    return value - (1 << 64) if value >= 1 << 63 else value


_GOLDEN = _signed(0x9E3779B97F4A7C15)
_FIRST = _signed(0xBF58476D1CE4E5B9)
_SECOND = _signed(0x94D049BB133111EB)
_MASK = (1 << 64) - 1
_FEW = 64
"""Up to how many draws Python's integers are the faster ones: 64 take half the time of
the tensors' operations, 170 as long."""


def uniform(
    keys: Keys, steps: Int[Tensor, "*batch"] | None, n: int, *, stream: int = 0
) -> Float[Tensor, "*batch n"]:
    """Draw `n` numbers uniform in [0, 1) for each lane, float64 on a grid of 2^-53.

    Args:
        keys: One random key a lane.
        steps: The step each lane is at; None means 0.
        n: How many numbers.
        stream: Tells draws for different purposes of one step apart.

    >>> uniform(torch.tensor([7, 7, 8]), None, 2)[:, 0].unique().shape
    torch.Size([2])
    """
    return whole(keys, steps, n, stream=stream).to(torch.float64) * 2.0**-53


def whole(
    keys: Keys, steps: Int[Tensor, "*batch"] | None, n: int, *, stream: int = 0
) -> Int[Tensor, "*batch n"]:
    """Draw `n` whole numbers uniform in [0, 2^53) for each lane, int64: those behind `uniform`.

    Arguments are those of `uniform`.
    """
    return _shift_right(_bits(keys, steps, n, stream), 11)


def normal(
    keys: Keys, steps: Int[Tensor, "*batch"] | None, n: int, *, stream: int = 0
) -> Float[Tensor, "*batch n"]:
    """Draw `n` standard normal numbers for each lane, float64, by inversion of the distribution.

    Arguments are those of `uniform`. The uniform behind each lies at the middle of a cell of 2^-52, so
    that it is never 0 or 1 and the answer never infinite (it stays within ±8.3).
    """
    cells = _shift_right(_bits(keys, steps, n, stream), 12).to(torch.float64)
    return torch.special.ndtri((cells + 0.5) * 2.0**-52)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def permutation(
    keys: Keys, steps: Int[Tensor, "*batch"] | None, n: int, *, stream: int = 0
) -> Int[Tensor, "*batch n"]:
    """Draw an order of 0, ..., n - 1 for each lane, all n! orders equally likely, int64.

    Arguments are those of `uniform`.
    """
    return torch.argsort(_bits(keys, steps, n, stream), dim=-1, stable=True)


def keys_from(generator: torch.Generator, batch: Sequence[int]) -> Keys:
    """Draw one key a lane from a torch generator, int64 of shape `batch`, on its device."""
    low, high = -(1 << 63), (1 << 63) - 1
    return torch.randint(
        low, high, tuple(batch), generator=generator, device=generator.device, dtype=torch.int64
    )


def _bits(keys: Tensor, steps: Tensor | None, n: int, stream: int) -> Tensor:
    """Hash each counter (key, stream, step, index) to 64 random bits, [*batch, n] int64."""
    if keys.dtype != torch.int64:
        raise BadInput(f"`keys` must be int64; found {str(keys.dtype).removeprefix('torch.')}.")
    alike = steps is None or steps.shape == keys.shape
    if alike and keys.numel() * n <= _FEW and keys.device.type == "cpu" and not recorded():
        return _few_bits(keys, steps, n, stream)
    state = _mix(_mix(keys) + stream)
    state = _mix(state if steps is None else state + steps.to(torch.int64) * _GOLDEN)
    increments = _increments if recorded() else _kept_increments
    return _mix(state.unsqueeze(-1) + increments(n, keys.device))


def _few_bits(keys: Tensor, steps: Tensor | None, n: int, stream: int) -> Tensor:
    """Hash in Python's integers, which for a few draws takes less than a tensor's operations; same bits."""
    counts: list[int] = [0] * keys.numel() if steps is None else _integers(steps)
    bits: list[int] = []
    for key, count in zip(_integers(keys), counts, strict=True):
        state = _mix_integer(_mix_integer(_mix_integer(key) + stream) + count * _GOLDEN)
        bits += [_signed(_mix_integer(state + i * _GOLDEN)) for i in range(n)]
    return torch.tensor(bits, dtype=torch.int64).reshape(*keys.shape, n)


def _integers(tensor: Tensor) -> list[int]:
    return tensor.reshape(-1).tolist()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _mix_integer(z: int) -> int:
    """`_mix` of one integer, modulo 2^64."""
    z = (z + _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def _increments(n: int, device: torch.device) -> Tensor:
    """Return the multiples 0, ..., n - 1 of the golden increment, modulo 2^64.

    As constants: torch 2.13's inductor takes `arange(n) * _GOLDEN` for an index expression, which
    overflows, and the code it generates writes out of bounds.
    """
    multiples = [_signed(i * 0x9E3779B97F4A7C15 % (1 << 64)) for i in range(n)]
    return torch.tensor(multiples, device=device, dtype=torch.int64)


_kept_increments = functools.lru_cache(maxsize=256)(_increments)


def _mix(z: Tensor) -> Tensor:
    """SplitMix64's bijection of the 64-bit integers."""
    z = z + _GOLDEN
    z = (z ^ _shift_right(z, 30)) * _FIRST
    z = (z ^ _shift_right(z, 27)) * _SECOND
    return z ^ _shift_right(z, 31)


def _shift_right(z: Tensor, places: int) -> Tensor:
    """Logical right shift: zeros enter from the left, also for negative numbers."""
    return (z >> places) & ((1 << (64 - places)) - 1)
