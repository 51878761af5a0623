"""MaF: values by plain loops, fronts attained, volumes against random sampling."""

import math

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput, NoKnownFront


def plain(i, x, m):
    """MaF1, 2, 4 and 8 as the report writes them, one point."""
    n = len(x)
    cos, sin, pi = math.cos, math.sin, math.pi
    if i == 8:
        corners = [(sin(2 * pi * -k / m), cos(2 * pi * -k / m)) for k in range(1, m + 1)]
        return sorted(math.dist(x, corner) for corner in corners)
    if i == 2:
        size = (n - m + 1) // m
        theta = [pi / 2 * (v / 2 + 1 / 4) for v in x[: m - 1]]
        groups = [range(m - 1 + k * size, m - 1 + (k + 1) * size) for k in range(m - 1)]
        groups.append(range(m - 1 + (m - 1) * size, n))
        g = [sum((x[j] / 2 + 1 / 4 - 0.5) ** 2 for j in group) for group in groups]
    else:
        theta = [pi / 2 * v for v in x[: m - 1]]
        d = [v - 0.5 for v in x[m - 1 :]]
        g = [sum(v * v for v in d)] * m
        if i == 4:
            g = [100 * (len(d) + sum(v * v - cos(20 * pi * v) for v in d))] * m
    f = []
    for k in range(1, m + 1):
        if i == 1:
            part = math.prod(x[: m - k]) * (1 - x[m - k] if k > 1 else 1)
            f.append((1 - part) * (1 + g[0]))
            continue
        part = math.prod(cos(t) for t in theta[: m - k]) * (sin(theta[m - k]) if k > 1 else 1)
        f.append(part * (1 + g[k - 1]) if i == 2 else 2**k * (1 - part) * (1 + g[0]))
    return f


@pytest.mark.parametrize(
    ("i", "m"), [(i, m) for i in (1, 2, 4) for m in (2, 3, 6)] + [(8, 3), (8, 6)]
)
def test_values_equal_the_formulas_of_the_report(i, m):
    problem = pm.problem(f"maf{i}", n_objectives=m)
    lower, upper = problem.bounds
    u = torch.rand(
        20, problem.n_variables, dtype=torch.float64, generator=torch.Generator().manual_seed(m)
    )
    x = lower + (upper - lower) * u
    if i == 8:
        x = x / 10000
    found = problem.objectives(x)
    if i == 8:
        found = found.sort(
            -1
        ).values  # the report numbers the corners; which is first is convention
    expected = torch.tensor([plain(i, row, m) for row in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("m", [2, 3, 5])
def test_fronts_are_attained_and_satisfy_their_equations(m):
    generator = torch.Generator().manual_seed(0)
    for i in (1, 2, 4):
        problem = pm.problem(f"maf{i}", n_objectives=m)
        x = torch.full((4000, problem.n_variables), 0.5, dtype=torch.float64)
        x[:, : m - 1] = torch.rand(4000, m - 1, dtype=torch.float64, generator=generator)
        for f in (problem.objectives(x), problem.front(4000)):
            scaled = f / problem.nadir if i == 4 else f
            one = {
                1: (1 - scaled).sum(-1),
                2: scaled.square().sum(-1),
                4: (1 - scaled).square().sum(-1),
            }
            torch.testing.assert_close(one[i], torch.ones(4000).double(), rtol=0, atol=1e-12)
        span = problem.nadir - problem.ideal
        f = problem.objectives(x)
        assert ((f - problem.ideal) / span).amin() > -1e-12
        assert ((f - problem.nadir) / span).amax() < 1e-12
        assert problem.front(4000).isclose(problem.ideal, atol=1e-9).any(0).all()
        assert problem.front(4000).isclose(problem.nadir, atol=1e-9).any(0).all()


@pytest.mark.parametrize("m", [3, 4, 5])
def test_the_polygon_is_the_pareto_set(m):
    problem = pm.problem("maf8", n_objectives=m)
    front = problem.front(2000)
    assert front.amin() == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(front.amax(0), problem.nadir, rtol=0, atol=1e-12)
    x = 1.5 * (
        2 * torch.rand(2000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    )
    f = problem.objectives(x)
    assert not (f[:, None] < front[None] - 1e-9).all(-1).any()
    if m > 3:
        with pytest.raises(NoKnownFront, match="known for 3 objectives"):
            problem.best_hypervolume()
        return
    gaps = [
        1 - pm.hypervolume(problem.front(n), problem.reference_point) / problem.best_hypervolume()
        for n in (100, 1000, 8000)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert 0 < gaps[-1] < 0.01


@pytest.mark.parametrize(("i", "m"), [(1, 3), (1, 5), (2, 3), (2, 4), (4, 3), (4, 4)])
def test_closed_form_volumes_agree_with_random_sampling(i, m):
    problem = pm.problem(f"maf{i}", n_objectives=m)
    r = problem.nadir + torch.linspace(0.05, 0.4, m, dtype=torch.float64)
    n = 400_000
    u = torch.rand(n, m, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    low = problem.ideal
    p = low + u * (r - low)
    if i == 2:
        # A point is covered if the nearest front point in its first coordinates is: search the
        # angles greedily from the last objective down, each as large as the point allows.
        left, covered = torch.ones(n).double(), torch.ones(n, dtype=torch.bool)
        for j in range(m - 1, 0, -1):
            ratio = (p[:, j] / left).clamp(max=math.sin(3 * math.pi / 8))
            covered &= ratio >= math.sin(math.pi / 8) - 1e-15
            left = left * (1 - ratio.square()).sqrt()
        covered &= left <= p[:, 0]
    else:
        q = (1 - p / (problem.nadir if i == 4 else 1.0)).clamp(min=0)
        covered = (q if i == 1 else q.square()).sum(-1) <= 1
    box = float((r - low).prod())
    share = float(covered.double().mean())
    sigma = box * math.sqrt(share * (1 - share) / n)
    assert problem.best_hypervolume(reference_point=r) == pytest.approx(box * share, abs=4 * sigma)


def test_options_outside_the_definition_are_refused():
    with pytest.raises(BadInput, match="at least 3"):
        pm.problem("maf8", n_objectives=2)
    with pytest.raises(BadInput, match="at least 9"):
        pm.problem("maf2", n_objectives=5, n_variables=8)
    assert pm.problem("maf2", n_objectives=12).n_variables == 23
    assert pm.problem("maf2", n_objectives=3).n_variables == 12
    with pytest.raises(BadInput, match="at least 2"):
        pm.problem("maf1", n_objectives=1)
