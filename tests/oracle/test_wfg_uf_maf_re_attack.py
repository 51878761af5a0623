"""No random or optimized cloud gets beyond a stated front (the full attack is a script)."""

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import NoKnownFront

NAMES = (
    [(f"wfg{i}", {"n_objectives": m, "l": 4}) for i in range(1, 10) for m in (2, 3)]
    + [(f"uf{i}", {"n_variables": 8}) for i in range(1, 11)]
    + [(f"maf{i}", {"n_objectives": m}) for i in (1, 2, 4) for m in (2, 3)]
    + [("maf8", {"n_objectives": 4})]
    + [(f"re{i}", {}) for i in (21, 22, 23, 24, 25, 31, 32, 33, 34, 35, 36, 37, 41, 42, 61, 91)]
)


def gain(front, cloud, span):
    """The largest share of the range by which a point of the cloud beats a stated one throughout."""
    return max(
        float(((front[:, None] - part) / span).amin(-1).amax()) for part in cloud.split(1000)
    )


@pytest.mark.parametrize("case", NAMES, ids=lambda c: f"{c[0]}-{c[1].get('n_objectives', '')}")
def test_no_cloud_dominates_the_stated_front(case):
    problem = pm.problem(case[0], **case[1])
    try:
        front = problem.front(300)
    except NoKnownFront:
        pytest.skip("no front is stated")
    span = problem.nadir - problem.ideal
    lower, upper = problem.bounds
    generator = torch.Generator().manual_seed(0)

    def draw(n):
        u = torch.rand(n, problem.n_variables, dtype=torch.float64, generator=generator)
        return lower + (upper - lower) * u

    cloud = [problem.objectives(draw(4000))]
    # Projected Adam on smooth Tchebycheff, 48 preferences, in normalized variables.
    m, lanes = problem.n_objectives, 48
    wish = -torch.rand(lanes, m, dtype=torch.float64, generator=generator).log()
    wish = wish / wish.sum(-1, keepdim=True)
    z = ((draw(lanes) - lower) / (upper - lower)).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=0.02)
    for _ in range(150):
        f = problem.objectives(lower + (upper - lower) * z)
        scaled = wish * (f - problem.ideal) / span
        optimizer.zero_grad()
        (0.01 * torch.logsumexp(scaled / 0.01, -1)).sum().backward()
        z.grad.nan_to_num_(0.0)
        optimizer.step()
        with torch.no_grad():
            z.clamp_(0.0, 1.0)
        cloud.append(f.detach())
    cloud = torch.cat(cloud).nan_to_num(float("inf"))
    assert gain(front, cloud, span) < max(1e-6, problem.card.front_accuracy)
    assert ((cloud - problem.ideal) / span).amin() > -max(1e-6, problem.card.front_accuracy)
