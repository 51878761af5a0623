"""Draws depend on (key, step, stream, index) alone and have the distributions they claim."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from paretomtl.aggregation import random
from paretomtl.errors import BadInput

KEYS = torch.arange(20_000, dtype=torch.int64)


def splitmix(z: int) -> int:
    """SplitMix64's output function in Python's unbounded integers: an independent oracle."""
    mask = (1 << 64) - 1
    z = (z + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


@pytest.mark.parametrize("key", [0, 1, -1, 2**62, -(2**63), 2**63 - 1])
@pytest.mark.parametrize(("step", "stream"), [(0, 0), (5, 0), (0, 3), (10**12, 7)])
def test_equals_the_hash_in_unbounded_integers(key, step, stream):
    mask = (1 << 64) - 1
    golden = 0x9E3779B97F4A7C15
    state = splitmix((splitmix((splitmix(key & mask) + stream) & mask) + step * golden) & mask)
    expected = [(splitmix((state + i * golden) & mask) >> 11) * 2.0**-53 for i in range(4)]
    drawn = random.uniform(torch.tensor(key), torch.tensor(step), 4, stream=stream)
    assert drawn.tolist() == expected


def test_splitmix_matches_its_published_sequence():
    """The first outputs of the reference generator seeded with 1234567."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    state, outputs = 1234567, []
    for _ in range(3):
        outputs.append(splitmix(state))
        state += 0x9E3779B97F4A7C15
    assert outputs == published


@pytest.mark.parametrize("axis", ["keys", "steps", "index", "stream"])
def test_uniform_along_every_coordinate_of_the_counter(axis):
    n = 20_000
    zero = torch.zeros(n, dtype=torch.int64)
    drawn = {
        "keys": lambda: random.uniform(KEYS, None, 1)[:, 0],
        "steps": lambda: random.uniform(zero, KEYS, 1)[:, 0],
        "index": lambda: random.uniform(torch.tensor(0), None, n),
        "stream": lambda: torch.cat(
            [random.uniform(torch.tensor([0]), None, 1, stream=s)[0] for s in range(2000)]
        ),
    }[axis]()
    assert drawn.dtype == torch.float64
    assert 0 <= drawn.min() < drawn.max() < 1
    assert stats.kstest(drawn.numpy(), "uniform").pvalue > 1e-3
    low = np.floor(drawn.numpy() * 2**40) % 64  # the low bits are as good as the high ones
    assert stats.chisquare(np.bincount(low.astype(int), minlength=64)).pvalue > 1e-3
    lagged = np.corrcoef(drawn[:-1].numpy(), drawn[1:].numpy())[0, 1]
    assert abs(lagged) < 4 / math.sqrt(len(drawn))


def test_neighbouring_keys_steps_and_streams_are_independent():
    base = random.uniform(KEYS, None, 1)[:, 0]
    one = torch.ones_like(KEYS)
    others = [
        random.uniform(KEYS + 1, None, 1)[:, 0],
        random.uniform(KEYS, one, 1)[:, 0],
        random.uniform(KEYS, None, 1, stream=1)[:, 0],
        random.uniform(KEYS, None, 2)[:, 1],
        random.uniform(KEYS - 1, one, 1)[:, 0],
    ]
    for other in others:
        assert not torch.equal(base, other)
        table, *_ = np.histogram2d(base.numpy(), other.numpy(), bins=8, range=[[0, 1], [0, 1]])
        assert stats.chisquare(table.ravel()).pvalue > 1e-3


def test_normal_distribution():
    drawn = random.normal(KEYS, None, 5).flatten().numpy()
    assert np.isfinite(drawn).all()
    assert stats.kstest(drawn, "norm").pvalue > 1e-3
    assert abs(stats.kurtosis(drawn)) < 0.1


def test_normal_is_finite_at_the_ends_of_the_uniform():
    cells = torch.tensor([0, (1 << 52) - 1], dtype=torch.float64)
    assert torch.special.ndtri((cells + 0.5) * 2.0**-52).isfinite().all()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_every_order_is_equally_likely(n):
    drawn = random.permutation(KEYS, None, n)
    orders = {order: i for i, order in enumerate(itertools.permutations(range(n)))}
    counts = np.zeros(len(orders))
    for row in drawn.tolist():
        counts[orders[tuple(row)]] += 1
    assert stats.chisquare(counts).pvalue > 1e-3


def test_permutations_are_permutations():
    drawn = random.permutation(KEYS[:200], None, 37)
    assert torch.equal(drawn.sort(-1).values, torch.arange(37).expand(200, 37))


@pytest.mark.parametrize("draw", [random.uniform, random.normal, random.permutation])
def test_a_lane_draws_the_same_in_any_batch(draw):
    steps = torch.arange(60) * 3
    whole = draw(KEYS[:60], steps, 5)
    for k in range(60):
        assert torch.equal(draw(KEYS[k], steps[k], 5), whole[k])
    assert torch.equal(draw(KEYS[7:60], steps[7:], 5), whole[7:])
    shaped = draw(KEYS[:60].reshape(3, 4, 5), steps.reshape(3, 4, 5), 5)
    assert torch.equal(shaped.reshape(60, 5), whole)


@pytest.mark.parametrize("draw", [random.uniform, random.normal])
def test_more_draws_begin_with_the_fewer(draw):
    assert torch.equal(draw(KEYS[:9], None, 8)[:, :3], draw(KEYS[:9], None, 3))


def test_no_steps_means_step_zero():
    zero = torch.zeros_like(KEYS)
    assert torch.equal(random.uniform(KEYS, None, 2), random.uniform(KEYS, zero, 2))


def test_keys_from_a_generator():
    keys = random.keys_from(torch.Generator().manual_seed(3), (4, 500))
    again = random.keys_from(torch.Generator().manual_seed(3), (4, 500))
    assert keys.shape == (4, 500)
    assert keys.dtype == torch.int64
    assert torch.equal(keys, again)
    assert len(keys.unique()) == 2000
    assert (keys < 0).float().mean().sub(0.5).abs() < 0.05


def test_keys_of_another_type_are_refused():
    with pytest.raises(BadInput, match="int64"):
        random.uniform(torch.zeros(3), None, 2)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_compiles_whole_and_gives_the_same_bits():
    def draws(keys, steps):
        return (
            random.uniform(keys, steps, 3),
            random.normal(keys, steps, 3),
            random.permutation(keys, steps, 3),
        )

    compiled = torch.compile(draws, fullgraph=True)
    steps = KEYS[:50] * 7
    uniforms, normals, orders = compiled(KEYS[:50] - 25, steps)
    eager = draws(KEYS[:50] - 25, steps)
    assert torch.equal(uniforms, eager[0])
    assert torch.equal(orders, eager[2])
    torch.testing.assert_close(normals, eager[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("steps", [None, torch.tensor([0, 5, 2**40])])
def test_few_draws_have_the_bits_of_many(steps):
    """Python's integers serve few draws, tensors many: the same numbers, for any sign of the key."""
    keys = torch.tensor([-(2**62), 0, 2**62 + 12345])
    many = 100
    for stream in (0, 3):
        found = random.whole(keys, steps, 5, stream=stream)
        assert torch.equal(found, random.whole(keys, steps, many, stream=stream)[:, :5])
