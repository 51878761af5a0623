"""WFG: the Pareto set is built variable by variable and must attain the stated front, m = 2 to 5."""

import math

import numpy as np
import pytest
import torch
from paretomtl_problems.analytic.wfg.fronts import disconnected_pieces
from scipy.optimize import brentq

import paretomtl as pm


def exponent(u):
    a = 0.98 / 49.98
    v = a - (1 - 2 * u) * abs(math.floor(0.5 - u) + a)
    return 0.02 + 49.98 * v


def multimodal(y, b):
    t = abs(y - 0.35) / (2 * (math.floor(0.35 - y) + 0.35))
    return (1 + math.cos(122 * math.pi * (0.5 - t)) + 4 * b * t * t) / (b + 2)


def optimal(i, place, k, l):  # noqa: E741 - the source's name
    """Variables (normalised) whose transforms are x_1..x_{m-1} = place and x_m = 0, for WFG i."""
    size = k // len(place)
    y = np.full(k + l, 0.35)
    if i == 1:
        y[:k] = np.repeat(np.array(place) ** 50, size)
    elif i in (2, 3, 7, 8):
        y[:k] = np.repeat(place, size)
    elif i == 4:
        y[:k] = np.repeat(
            [brentq(lambda v, x=x: multimodal(v, 10) - x, 0.35, 1.0) for x in place], size
        )
    elif i == 5:
        y[:k] = np.repeat(0.35 - 0.001 * np.array(place), size)
    else:  # nonseparable groups: half of the entries carry the value, the others are 0
        carry = math.ceil(size / 2)
        shares = np.concatenate([[x] * carry + [0.0] * (size - carry) for x in place])
        y[:k] = shares if i == 6 else 0.35 - 0.001 * shares
    if i == 7:
        for j in range(k - 1, -1, -1):
            y[j] = y[j] ** (1 / exponent(y[j + 1 :].mean()))
    if i == 8:
        for j in range(k, k + l):
            y[j] = 0.35 ** (1 / exponent(y[:j].mean()))
    if i == 9:
        for j in range(k + l - 2, -1, -1):
            y[j] = y[j] ** (1 / exponent(y[j + 1 :].mean()))
    return y


def shape(i, place):
    """The objectives that the shape functions give, divided by 2 i, by plain formulas."""
    m = len(place) + 1
    turn = [x * math.pi / 2 for x in place]
    if i == 3:
        place = [place[0]] + [0.5] * (m - 2)
    factor, end = {
        True: (lambda j: 1 - math.cos(turn[j]), lambda j: 1 - math.sin(turn[j])),
        False: (lambda j: math.sin(turn[j]), lambda j: math.cos(turn[j])),
    }[i <= 2]
    if i == 3:
        factor, end = (lambda j: place[j]), (lambda j: 1 - place[j])
    f = [math.prod(factor(j) for j in range(m - 1))]
    f += [math.prod(factor(j) for j in range(m - 1 - q)) * end(m - 1 - q) for q in range(1, m)]
    if i == 1:
        f[-1] = 1 - place[0] - math.cos(10 * math.pi * place[0] + math.pi / 2) / (10 * math.pi)
    if i == 2:
        f[-1] = 1 - place[0] * math.cos(5 * math.pi * place[0]) ** 2
    return f


@pytest.mark.parametrize("i", range(1, 10))
@pytest.mark.parametrize("m", [2, 3, 5])
def test_the_pareto_set_attains_the_front(i, m):
    k, l, count = 2 * (m - 1), 6, 300  # noqa: E741
    problem = pm.problem(f"wfg{i}", n_objectives=m, k=k, l=l)
    rng = np.random.default_rng(i)
    places = rng.uniform(size=(count, m - 1))
    if i == 2:
        pieces = np.array(disconnected_pieces())[rng.integers(6, size=count)]
        places[:, 0] = rng.uniform(pieces[:, 0], pieces[:, 1])
    y = np.array([optimal(i, place, k, l) for place in places])
    lower, upper = problem.bounds
    x = torch.from_numpy(y) * upper
    assert ((x >= lower) & (x <= upper)).all()
    f = problem.objectives(x)
    scale = torch.arange(2, 2 * m + 1, 2, dtype=torch.float64)
    expected = (
        torch.tensor([shape(i, list(place)) for place in places], dtype=torch.float64) * scale
    )
    # Deceptive and steeply biased transforms amplify the rounding of 0.35: slopes up to 1000.
    torch.testing.assert_close(f, expected, rtol=0, atol=1e-9 if i != 1 else 1e-6)
    if i == 3 and m > 3:
        return  # the whole front is not known there
    front = problem.front(2000) / problem.nadir
    gap = (f / problem.nadir)[:, None] - front[None]
    # No stated point beats an attained optimum, nor the other way round.
    assert gap.amin(-1).amax() < 1e-6
    assert (-gap).amin(-1).amax() < 1e-6
    if m == 2:
        assert gap.abs().amax(-1).amin(1).amax() < 0.02


def test_the_whole_front_of_wfg3_with_three_objectives():
    """By brute force over a, b and t: nothing dominates the stated front, nothing is missing."""
    problem = pm.problem("wfg3", n_objectives=3)
    generator = torch.Generator().manual_seed(0)
    a, t, b = torch.rand(3, 40_000, dtype=torch.float64, generator=generator)
    t = t**2
    b = 0.5 + t * (b - 0.5)
    cloud = torch.stack((t + 2 * a * b, t + 4 * a * (1 - b), t + 6 * (1 - a)), -1)
    front = problem.front(900)
    for part in cloud.split(4000):
        assert (front[:, None] - part[None]).amin(-1).amax() < 1e-9
    best = cloud[pm.nondominated(cloud)]
    cover = (front[None] - best[:, None]).amax(-1).amin(1)
    assert cover.amax() < 0.12  # every non-dominated point of the cloud is near a stated one
    found = pm.hypervolume(problem.front(2000), problem.reference_point)
    assert 0.99 * problem.best_hypervolume() < found < problem.best_hypervolume()
    on_surface = problem.front(300)[101:]
    assert (on_surface[:, 1] < 2 * (1 - on_surface[:, 2] / 6)).all()  # better than the line in f2


@pytest.mark.parametrize("name", ["wfg1", "wfg2"])
@pytest.mark.parametrize("m", [3, 4])
def test_hypervolumes_of_curved_fronts_by_random_sampling(name, m):
    """A point is covered if the smallest allowed x_1 leaves it above the convex rest."""
    problem = pm.problem(name, n_objectives=m)
    n = 100_000
    u = np.random.default_rng(0).uniform(size=(n, m)) * 1.1
    grid = np.linspace(0, 1, 200_001)
    last = 1 - grid * np.cos(5 * np.pi * grid) ** 2
    if name == "wfg1":
        last = 1 - grid + np.sin(10 * np.pi * grid) / (10 * np.pi)
    lowest = np.minimum.accumulate(last)
    first = np.searchsorted(-lowest, -u[:, -1])
    left = 1 - np.cos(np.pi / 2 * grid[np.minimum(first, grid.size - 1)])
    for j in range(m - 2, 0, -1):
        ratio = np.divide(u[:, j], left, out=np.full(n, 2.0), where=left > 0)
        sine = np.clip(1 - ratio, 0, 1)
        left = left * (1 - np.sqrt(1 - sine**2))
    share = (left <= u[:, 0]).mean()
    scale = float(problem.nadir.prod()) * 1.1**m
    sigma = scale * math.sqrt(share * (1 - share) / n)
    assert problem.best_hypervolume() == pytest.approx(scale * share, abs=4 * sigma)
