"""Where linear scalarization fails on rank_one, and its targets."""

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput

F64 = torch.float64


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def linear_reaches(problem, n):
    """What linear scalarization reaches: the top eigenvector of the weighted targets."""
    weights = -torch.rand(n, problem.n_objectives, dtype=F64, generator=seeded(0)).log()
    weights = torch.cat((weights, torch.eye(problem.n_objectives, dtype=F64) + 1e-9))
    y = problem.targets
    matrices = torch.einsum("ki,id,ie->kde", weights, y, y)
    return problem.objectives(torch.linalg.eigh(matrices).eigenvectors[..., -1])


@pytest.mark.parametrize(
    ("correlation", "uncovered", "linear_max", "true_max"),
    [(-0.2, 0.39, 0.800, 0.642), (-0.4, 0.52, 0.771, 0.700), (0.3, 0.0, None, None)],
)
def test_rank_one_shows_where_linear_scalarization_fails(
    correlation, uncovered, linear_max, true_max
):
    """The share of non-dominated features farther than 0.05 from all that linear scalarization reaches.

    Weights are random, so ties between eigenvectors (equal weights), which reach more, do not occur.
    Random features are dominated or not by 60 000 others and by the stated front.
    """
    problem = pm.problem("rank_one", correlation=correlation, n_variables=3)
    reached, front = linear_reaches(problem, 20000), problem.front(3000)
    features = problem.objectives(torch.randn(40000, 3, dtype=F64, generator=seeded(1)))
    others = torch.cat((features, front))
    points = torch.stack(
        [f for f in features[:1500] if not bool((others <= f - 1e-4).all(-1).any())]
    )
    nearest = torch.stack([(reached - f).square().sum(-1).min() for f in points]).sqrt()
    assert float((nearest > 0.05).double().mean()) == pytest.approx(uncovered, abs=0.06)
    if linear_max is not None:
        assert float(reached.amax(-1).min()) == pytest.approx(linear_max, abs=0.025)
        assert float(front.amax(-1).min()) == pytest.approx(true_max, abs=0.006)


def test_orthogonal_rank_one_is_flat_and_linear_sees_the_corners():
    problem = pm.problem("rank_one", correlation=0.0)
    torch.testing.assert_close(problem.front(300).sum(-1), torch.full((300,), 2.0, dtype=F64))
    reached = linear_reaches(problem, 500)
    corners = ((reached - 1).abs() < 1e-6).sum(-1)
    assert bool((corners == 2).all())


def test_rank_one_targets_and_scale():
    problem = pm.problem("rank_one", n_objectives=4, correlation=-0.25, n_variables=6)
    gramian = problem.targets @ problem.targets.T
    expected = torch.full((4, 4), -0.25, dtype=F64).fill_diagonal_(1.0)
    torch.testing.assert_close(gramian, expected)
    x = torch.randn(5, 6, dtype=F64, generator=seeded(0))
    torch.testing.assert_close(problem.objectives(x), problem.objectives(7.5 * x))
    torch.testing.assert_close(
        problem.objectives(torch.zeros(6, dtype=F64)), torch.ones(4, dtype=F64)
    )
    with pytest.raises(BadInput, match="correlation"):
        pm.problem("rank_one", correlation=-0.5)
