"""UF: values by plain loops after the report's formulas, and fronts attained by the known sets."""

import math

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput


def plain(i, x):
    """UF1 to UF10 as the report writes them, one point, indices from 1."""
    n = len(x)
    x = [math.nan, *x]
    pi, sin, cos = math.pi, math.sin, math.cos
    if i <= 7:
        odd, even = range(3, n + 1, 2), range(2, n + 1, 2)
        wave = {j: x[j] - sin(6 * pi * x[1] + j * pi / n) for j in range(2, n + 1)}

        def mean(js, h):
            return 2 / len(js) * sum(h(j) for j in js)

        def rugged(js, y):
            total = 4 * sum(y[j] ** 2 for j in js)
            total += -2 * math.prod(cos(20 * y[j] * pi / math.sqrt(j)) for j in js) + 2
            return 2 / len(js) * total

        if i in (1, 7):
            r = x[1] ** 0.2
            a, b = (x[1], 1 - math.sqrt(x[1])) if i == 1 else (r, 1 - r)
            return [a + mean(odd, lambda j: wave[j] ** 2), b + mean(even, lambda j: wave[j] ** 2)]
        if i == 2:
            y = {}
            for j in range(2, n + 1):
                size = 0.3 * x[1] ** 2 * cos(24 * pi * x[1] + 4 * j * pi / n) + 0.6 * x[1]
                turn = cos if j % 2 else sin
                y[j] = x[j] - size * turn(6 * pi * x[1] + j * pi / n)
            return [
                x[1] + mean(odd, lambda j: y[j] ** 2),
                1 - math.sqrt(x[1]) + mean(even, lambda j: y[j] ** 2),
            ]
        if i == 3:
            y = {j: x[j] - x[1] ** (0.5 * (1 + 3 * (j - 2) / (n - 2))) for j in range(2, n + 1)}
            return [x[1] + rugged(odd, y), 1 - math.sqrt(x[1]) + rugged(even, y)]
        if i == 4:

            def h(j):
                return abs(wave[j]) / (1 + math.exp(2 * abs(wave[j])))

            return [x[1] + mean(odd, h), 1 - x[1] ** 2 + mean(even, h)]
        if i == 5:
            hump = (1 / 20 + 0.1) * abs(sin(20 * pi * x[1]))

            def h(j):
                return 2 * wave[j] ** 2 - cos(4 * pi * wave[j]) + 1

            return [x[1] + hump + mean(odd, h), 1 - x[1] + hump + mean(even, h)]
        hump = max(0, 2 * (1 / 4 + 0.1) * sin(4 * pi * x[1]))
        return [x[1] + hump + rugged(odd, wave), 1 - x[1] + hump + rugged(even, wave)]
    y = {j: x[j] - 2 * x[2] * sin(2 * pi * x[1] + j * pi / n) for j in range(3, n + 1)}
    groups = [[j for j in range(3, n + 1) if (j - g) % 3 == 0] for g in (1, 2, 0)]

    def h(j):
        return 4 * y[j] ** 2 - cos(8 * pi * y[j]) + 1 if i == 10 else y[j] ** 2

    far = [2 / len(js) * sum(h(j) for j in js) for js in groups]
    if i == 9:
        hump = max(0, 1.1 * (1 - 4 * (2 * x[1] - 1) ** 2))
        near = [0.5 * (hump + 2 * x[1]) * x[2], 0.5 * (hump - 2 * x[1] + 2) * x[2], 1 - x[2]]
    else:
        a, b = 0.5 * pi * x[1], 0.5 * pi * x[2]
        near = [cos(a) * cos(b), cos(a) * sin(b), sin(a)]
    return [p + q for p, q in zip(near, far, strict=True)]


@pytest.mark.parametrize("i", range(1, 11))
@pytest.mark.parametrize("n", [5, 8, 30])
def test_values_equal_the_formulas_of_the_report(i, n):
    problem = pm.problem(f"uf{i}", n_variables=n)
    lower, upper = problem.bounds
    u = torch.rand(20, n, dtype=torch.float64, generator=torch.Generator().manual_seed(i))
    x = lower + (upper - lower) * u
    expected = torch.tensor([plain(i, row) for row in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(problem.objectives(x), expected, rtol=1e-11, atol=1e-11)


def pareto_set(i, n, places):
    """Points of the Pareto set at x1 (and x2)."""
    j = torch.arange(1, n + 1, dtype=torch.float64)
    x1 = places[:, :1]
    phase = j * math.pi / n
    if i == 2:
        size = 0.3 * x1**2 * torch.cos(24 * math.pi * x1 + 4 * phase) + 0.6 * x1
        angle = 6 * math.pi * x1 + phase
        x = size * torch.where(j % 2 == 1, angle.cos(), angle.sin())
    elif i == 3:
        x = x1 ** (0.5 * (1 + 3 * (j - 2) / (n - 2)))
    elif i <= 7:
        x = torch.sin(6 * math.pi * x1 + phase)
    else:
        x = 2 * places[:, 1:2] * torch.sin(2 * math.pi * x1 + phase)
    count = 1 if i <= 7 else 2
    return torch.cat((places[:, :count], x[:, count:]), -1)


@pytest.mark.parametrize("i", range(1, 11))
def test_the_pareto_set_attains_exactly_the_stated_front(i):
    n = 10
    problem = pm.problem(f"uf{i}", n_variables=n)
    u = torch.rand(3000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    if i == 5:
        u[:, 0] = (u[:, 0] * 20).round() / 20
    if i == 6:
        u[:, 0] = torch.where(u[:, 0] < 0.5, 0.25 + 0.5 * u[:, 0], 0.5 + 0.5 * u[:, 0])
        u[0, 0] = 0.0
    if i == 9:
        u[:, 0] = torch.where(u[:, 0] < 0.5, 0.5 * u[:, 0], 0.5 + 0.5 * u[:, 0])
    if i == 7:
        u[:, 0] = u[:, 0] ** 5  # even along the front
    x = pareto_set(i, n, u)
    assert problem.inside(x).all()
    f = problem.objectives(x)
    front = problem.front(3000)
    # Both ways: what is attained is on the front, what is stated is attained.
    reach = 0.05 if i >= 8 else 0.01
    assert torch.cdist(f, front).amin(1).amax() < reach
    assert torch.cdist(front, f).amin(1).amax() < reach + 0.03
    total = {4: f[:, 0] ** 2 + f[:, 1], 8: f.square().sum(-1), 10: f.square().sum(-1)}
    for k in (1, 2, 3):
        total[k] = f[:, 0].sqrt() + f[:, 1]
    value = total.get(i, f.sum(-1))
    torch.testing.assert_close(value, torch.ones_like(value), rtol=0, atol=1e-12)


@pytest.mark.parametrize("i", range(1, 11))
def test_gradients_are_finite_where_roots_are_vertical(i):
    problem = pm.problem(f"uf{i}")
    x = torch.zeros(problem.n_variables, dtype=torch.float64, requires_grad=True)
    f = problem.objectives(x)
    for value in f:
        (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
        assert gradient.isfinite().all()
    if i in (1, 2, 3):
        (gradient,) = torch.autograd.grad(f[1] - f[0], x)
        assert gradient[0] < -1e5  # the root falls steeply from x1 = 0


def test_hypervolumes_in_closed_form():
    expected = {
        **dict.fromkeys((1, 2, 3), 1.21 - 1 / 3),
        4: 1.21 - 2 / 3,
        5: 1.21 - 0.525,
        6: 1.21 - 0.5625,
        7: 1.21 - 0.5,
        **dict.fromkeys((8, 10), 1.331 - math.pi / 6),
        9: 1.331 - 5 / 24,
    }
    for i, value in expected.items():
        assert pm.problem(f"uf{i}").best_hypervolume() == pytest.approx(value, abs=1e-12)


def test_best_sets_with_isolated_points():
    five, six = pm.problem("uf5"), pm.problem("uf6")
    assert five.best_hypervolume(21) == five.best_hypervolume(50) == five.best_hypervolume()
    assert len(five.front(1000)) == 21
    # One point of UF5 at (a, 1 - a) covers (1.1 - a)(0.1 + a): best in the middle.
    assert five.best_hypervolume(1) == pytest.approx(0.36)
    # By brute force: one or two points of UF6 out of a grid on its front.
    f1 = torch.cat((torch.zeros(1), torch.linspace(0.25, 0.5, 251), torch.linspace(0.75, 1, 251)))
    f1 = f1.double()
    single = (1.1 - f1) * (0.1 + f1)
    assert six.best_hypervolume(1) == pytest.approx(float(single.max()), abs=1e-6)
    pairs = (f1[None] - f1[:, None]).clamp(min=0) * (0.1 + f1[:, None]) + single[None]
    assert six.best_hypervolume(2) == pytest.approx(float(pairs.max()), abs=1e-5)
    assert six.best_hypervolume(200) < six.best_hypervolume()
    assert six.front(1).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(("name", "low"), [("uf1", 2), ("uf7", 2), ("uf8", 4), ("uf9", 4)])
def test_too_few_variables_are_refused(name, low):
    with pytest.raises(BadInput, match=f"at least {low + 1}"):
        pm.problem(name, n_variables=low)
