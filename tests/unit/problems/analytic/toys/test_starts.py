"""Published starts, chosen or drawn, and starts drawn from a box."""

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["cagrad_toy", "ewq", "cqf", "hqf"])
def test_fixed_starts_are_drawn_or_chosen(name):
    problem = pm.problem(name)
    drawn = {tuple(problem.start(seeded(seed)).tolist()) for seed in range(60)}
    assert drawn == {tuple(row.tolist()) for row in problem.starts}
    for k, row in enumerate(problem.starts):
        chosen = pm.problem(name, start_index=k)
        assert torch.equal(chosen.start(seeded(7)), row)
    with pytest.raises(BadInput, match="start_index"):
        pm.problem(name, start_index=len(problem.starts))


def test_other_starts_are_uniform_in_the_start_box():
    problem = pm.problem("vlmop2", n_variables=3)
    generator = seeded(0)
    starts = torch.stack([problem.start(generator) for _ in range(4000)])
    assert float(starts.abs().max()) <= 0.5
    assert float(starts.mean().abs()) < 0.02
    assert float(starts.var()) == pytest.approx(1 / 12, rel=0.05)
