"""Random numbers follow from seed, purpose and member, and are the same everywhere."""

from __future__ import annotations

from itertools import combinations

import torch

from paretomtl.engine.seeding import generator, origin, stable_hash

ABC = 0xBA7816BF8F01CFEA  # the first 64 bits of the example in FIPS 180-2


def drawn(generator: torch.Generator) -> list[float]:
    return torch.rand(4, generator=generator).tolist()


def test_a_hash_is_that_of_the_standard_without_its_last_bit() -> None:
    assert stable_hash("abc") == ABC >> 1
    assert 0 <= stable_hash("") < 2**63
    assert stable_hash("ä") == stable_hash("\u00e4")


def test_a_generator_is_its_purposes_and_its_seeds() -> None:
    assert drawn(generator(3, "start")) == drawn(generator(3, "start"))
    expected = torch.Generator().manual_seed(stable_hash("weights:3"))
    assert drawn(generator(3, "weights")) == drawn(expected)
    different = [generator(s, p) for s in (0, 1, 2**63 - 1) for p in ("start", "weights")]
    assert all(a != b for a, b in combinations(map(drawn, different), 2))


def test_the_first_member_starts_where_a_run_alone_does_and_the_others_apart() -> None:
    assert drawn(origin(5, 0, "start")) == drawn(generator(5, "start"))
    members = [drawn(origin(seed, member, "start")) for seed in (5, 6) for member in range(4)]
    assert all(a != b for a, b in combinations(members, 2))


def test_drawing_leaves_torchs_own_generator_alone() -> None:
    before = torch.random.get_rng_state()
    drawn(origin(1, 1, "start"))
    assert torch.equal(torch.random.get_rng_state(), before)
