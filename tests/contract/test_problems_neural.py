"""Every registered neural problem keeps the contract, and the kit notices when one does not."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

import paretomtl as pm
from paretomtl.problems.base import NeuralProblem, ProblemCard
from paretomtl.testing.problems import check_problem

NAMES = [name for name in pm.problems if issubclass(pm.problems[name], NeuralProblem)]


@pytest.mark.parametrize("name", NAMES)
def test_the_contract(name):
    findings = check_problem(pm.problem(name))
    assert len(findings) >= 20
    assert not [str(finding) for finding in findings if not finding.ok]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound(NeuralProblem):
    """Two regressions on nine numbers a sample: what the broken ones below start from."""

    name = "sound"
    card = ProblemCard(summary="", source="", family="")
    n_objectives = 2
    ideal = torch.zeros(2, dtype=torch.float64)
    nadir = torch.ones(2, dtype=torch.float64)

    def module(self):
        return Net()

    def losses(self, module, batch):
        x, y = batch
        return (module(x) - y).square().mean(0)

    def data(self, split):
        seed = ("train", "validation", "test").index(split)
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(40, 3, generator=generator), torch.randn(40, 2, generator=generator)


class SharedSamples(Sound):
    def data(self, split):
        return super().data("train")


class Uneven(Sound):
    def data(self, split):
        x, y = super().data(split)
        return x, y[:30]


class OtherKind(Sound):
    def data(self, split):
        x, y = super().data(split)
        return (x, y) if split == "train" else (x.double(), y)


class RandomData(Sound):
    def data(self, split):
        return torch.randn(40, 3), torch.randn(40, 2)


class Unseeded(Sound):
    def module(self):
        net = Net()
        with torch.no_grad():
            generator = torch.Generator()
            generator.seed()
            net.layer.weight.copy_(torch.randn(2, 3, generator=generator))
        return net


class Constant(Sound):
    def module(self):
        net = Net()
        for p in net.parameters():
            nn.init.zeros_(p)
        return net


class SumLoss(Sound):
    def losses(self, module, batch):
        return super().losses(module, batch) * len(batch[0])


class OneLoss(Sound):
    def losses(self, module, batch):
        return super().losses(module, batch)[:1]


class Noisy(Sound):
    def losses(self, module, batch):
        return super().losses(module, batch) + 0.1 * torch.rand(2, dtype=batch[0].dtype)


class WrongGradient(Sound):
    def losses(self, module, batch):
        found = super().losses(module, batch)
        return found.detach() + 0.5 * (found - found.detach())


class Negative(Sound):
    def losses(self, module, batch):
        return super().losses(module, batch) - 100.0


class SwallowsNaN(Sound):
    def losses(self, module, batch):
        return super().losses(module, batch).nan_to_num(0.0)


class Branching(Sound):
    def losses(self, module, batch):
        found = super().losses(module, batch)
        return found if found.sum() > 0 else 2 * found


class CrossedPoints(Sound):
    nadir = torch.tensor([1.0, -1.0], dtype=torch.float64)


class SameNames(Sound):
    objective_names = ("loss", "loss")


class UnknownShared(Sound):
    def shared_parameters(self):
        return frozenset({"trunk.weight"})


class VectorMetric(Sound):
    def metrics(self, module, batch):
        return {"both": self.losses(module, batch)}


def test_a_sound_problem_passes():
    findings = check_problem(Sound())
    assert all(finding.ok for finding in findings), [str(f) for f in findings if not f.ok]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (SharedSamples, "no sample is in two splits"),
        (Uneven, "each split's tensors share their first axis"),
        (OtherKind, "splits agree in shape and type"),
        (RandomData, "data are the same every time"),
        (Unseeded, "a network depends on the random state alone"),
        (Constant, "another seed gives another network"),
        (SumLoss, "losses are means over the samples"),
        (OneLoss, "losses are finite, one for each task, in the network's type"),
        (Noisy, "the same network and samples give the same losses"),
        (WrongGradient, "gradients equal finite differences"),
        (Negative, "no loss falls below `lower_bound`"),
        (SwallowsNaN, "NaN stays in its lane"),
        (Branching, "networks under vmap equal each alone"),
        (CrossedPoints, "ideal < nadir <= reference point"),
        (SameNames, "every objective has a name of its own"),
        (UnknownShared, "shared parameters exist"),
        (VectorMetric, "metrics are finite numbers"),
    ],
)
def test_a_broken_problem_is_noticed(broken, line):
    failed = [finding.check for finding in check_problem(broken()) if not finding.ok]
    assert line in failed
