"""Grids of preferences and the checks of lists given by hand."""

import itertools
import logging
import math

import pytest
import torch

from paretomtl.errors import BadInput, UnknownName
from paretomtl.sweep.preferences import checked, lattice_size, preferences

KINDS = ("das-dennis", "riesz", "dirichlet")


def naive_lattice(m, p):
    """All m-tuples of multiples of 1/p that sum to one, by brute force over the whole cube."""
    grid = itertools.product(range(p + 1), repeat=m)
    return sorted(tuple(i / p for i in point) for point in grid if sum(point) == p)


@pytest.mark.parametrize(("m", "p"), [(2, 1), (2, 7), (2, 100), (3, 1), (3, 6), (4, 3), (5, 2)])
def test_das_dennis_is_the_whole_lattice(m, p):
    expected = naive_lattice(m, p)
    found = preferences(m, len(expected))
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-15, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("m", "n"), [(2, 2), (2, 16), (3, 3), (3, 10), (5, 15), (8, 36)])
def test_points_lie_on_the_simplex_and_differ(kind, m, n):
    points = preferences(m, n, kind)
    assert points.shape == (n, m)
    assert points.dtype == torch.float64
    assert (points >= 0).all()
    assert torch.allclose(points.sum(-1), torch.ones(n, dtype=torch.float64), atol=1e-14, rtol=0)
    assert torch.pdist(points).min() > 1e-6


@pytest.mark.parametrize("n", [2, 3, 11, 16, 50])
def test_every_number_is_attainable_for_two_objectives(n, caplog):
    points = preferences(2, n)
    assert torch.allclose(points[:, 0], torch.linspace(0, 1, n, dtype=torch.float64), atol=1e-15)
    assert not caplog.records


def test_an_unattainable_number_gives_the_next_lattice_and_says_so(caplog):
    with caplog.at_level(logging.WARNING, logger="paretomtl"):
        points = preferences(3, 100)
    assert len(points) == 105 == lattice_size(3, 100)
    message = caplog.text
    assert "100" in message
    assert "105" in message
    assert "riesz" in message


def test_lattice_size_against_counting():
    for m in (2, 3, 4):
        counts = [len(naive_lattice(m, p)) for p in range(1, 9)]
        for n in range(2, counts[-1] + 1):
            assert lattice_size(m, n) == min(c for c in counts if c >= n)
    assert lattice_size(7, 1) == 1


def test_riesz_takes_any_number_and_includes_the_corners():
    points = preferences(3, 14, "riesz")
    assert len(points) == 14
    corners = torch.eye(3, dtype=torch.float64)
    assert (torch.cdist(corners, points).min(-1).values < 1e-3).all()
    spread = torch.cdist(points, points).fill_diagonal_(math.inf).min(-1).values
    draws = preferences(3, 14, "dirichlet")
    spread_of_draws = torch.cdist(draws, draws).fill_diagonal_(math.inf).min(-1).values
    assert spread.min() > 3 * spread_of_draws.min()
    assert spread.max() / spread.min() < 1.6


@pytest.mark.parametrize("kind", ["riesz", "dirichlet"])
def test_the_same_seed_gives_the_same_points(kind):
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = preferences(3, 14, kind, seed=5)
    torch.rand(3)
    assert torch.equal(first, preferences(3, 14, kind, seed=5))
    assert not torch.equal(first, preferences(3, 14, kind, seed=6))
    torch.manual_seed(1)
    preferences(3, 14, kind, seed=5)
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator was touched"


def test_dirichlet_is_uniform_on_the_simplex_and_extends():
    draws = preferences(3, 20_000, "dirichlet", seed=1)
    # Uniform on the simplex: each entry is Beta(1, 2), with mean 1/3 and P(entry > t) = (1 - t)^2.
    assert torch.allclose(draws.mean(0), torch.full((3,), 1 / 3, dtype=torch.float64), atol=0.01)
    for t in (0.1, 0.5, 0.9):
        assert (draws > t).double().mean(0).sub((1 - t) ** 2).abs().max() < 0.015
    assert torch.equal(draws[:100], preferences(3, 100, "dirichlet", seed=1))


@pytest.mark.parametrize("kind", ["das-dennis", "riesz"])
@pytest.mark.parametrize("m", [1, 2, 5])
def test_one_preference_is_the_uniform_one(kind, m):
    assert torch.equal(preferences(m, 1, kind), torch.full((1, m), 1 / m, dtype=torch.float64))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 3), "`m`"),
        ((2, 0), "`n`"),
        ((2, -1), "`n`"),
        ((2, 2.0), "`n`"),
        ((True, 2), "`m`"),
        ((2, 4, "riesz", -1), "`seed`"),
        ((1, 4), "one objective"),
        ((1, 4, "riesz"), "one objective"),
        ((4, 3, "riesz"), "riesz"),
    ],
)
def test_impossible_sets_are_refused(arguments, words):
    with pytest.raises(BadInput, match=words):
        preferences(*arguments)


def test_an_unknown_kind_names_the_closest():
    with pytest.raises(UnknownName, match="das-dennis"):
        preferences(2, 5, "das_dennis")


def test_checked_keeps_good_lists():
    assert checked([[1, 0], [0.25, 0.75]], 2) == ((1.0, 0.0), (0.25, 0.75))
    thirds = [1 / 3, 1 / 3, 1 / 3]
    assert checked([thirds], 3) == (tuple(thirds),)
    assert checked([[0.3333333, 0.3333333, 0.3333334]], 3)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0.5, 0.5], [0.5, 0.6]], r"preference 1 .*sums to 1\.1"),
        ([[0.0, 0.0]], r"preference 0 .*sums to 0"),
        ([[1.5, -0.5]], r"preference 0 .*entry 1 .*>= 0.*-0\.5"),
        ([[0.5, 0.5], [0.2, 0.3, 0.5]], r"preference 1 .*3 entries.*2 objectives"),
        ([[1.0]], r"preference 0 .*1 entries"),
        ([[math.nan, 1.0]], r"preference 0 .*entry 0 .*finite"),
        ([[math.inf, 0.0]], r"preference 0 .*entry 0 .*finite"),
        ([["a", 1.0]], r"preference 0 .*entry 0 must be a number"),
        ([[True, False]], r"preference 0 .*entry 0 must be a number"),
        ([], "no preference"),
    ],
)
def test_checked_names_the_bad_entry(rows, words):
    with pytest.raises(BadInput, match=words):
        checked(rows, 2)
