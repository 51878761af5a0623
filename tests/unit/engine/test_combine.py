"""What the methods answer becomes one direction a parameter, at every level and for every signal."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.combine import GradientPass, LossPass, RepresentationPass
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.state import copies_of
from paretomtl.errors import BadInput
from paretomtl.methods.base import Signals
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


def one(lanes: NeuralLanes, copies: Copies, lane: int) -> Any:
    module = lanes._problem.module().double()
    for name, value in zip(lanes._stack.trained, copies.trained, strict=True):
        module.get_parameter(name).data.copy_(value[lane])
    return module


def settings(**fields: Any) -> Settings:
    return Settings(
        optimizer=Optimizer(lr=0.01), budget=Budget(steps=15), level="representation", **fields
    )


def lane(name: str, seed: int = 0) -> Lane:
    return Lane(method=pm.method(name), preference=(0.3, 0.7), seed=seed, key=seed, lr=0.01)


@pytest.mark.parametrize("method", ["mgda", "upgrad", "graddrop"])
def test_runs_go_through_and_are_equal_alone_and_together(divided: Any, method: str) -> None:
    together = run_lanes(divided, [lane(method, s) for s in range(4)], settings())
    (alone,) = run_lanes(divided, [lane(method, 2)], settings())
    np.testing.assert_array_equal(alone.losses["test"], together[2].losses["test"])
    assert together[0].losses["train"][-1].sum() < together[0].losses["train"][0].sum()
    assert together[0].backward_passes[-1] == 15


def test_the_directions_differ_from_those_on_parameters(divided: Any) -> None:
    at_parameters = dataclasses.replace(settings(), level="parameters")
    (cheap,) = run_lanes(divided, [lane("mgda")], settings())
    (full,) = run_lanes(divided, [lane("mgda")], at_parameters)
    assert (cheap.losses["test"] != full.losses["test"]).any()
    assert full.backward_passes[-1] == 30


def test_heads_follow_the_weights_only_when_told(divided: Any) -> None:
    plain = Batch(divided, [lane("mgda"), lane("mgda", 1)], settings(), CPU)
    weighted = Batch(divided, [lane("mgda"), lane("mgda", 1)], settings(heads="weighted"), CPU)
    plain.step()
    weighted.step()
    same = [
        torch.equal(a, b)
        for a, b in zip(plain.state.parameters, weighted.state.parameters, strict=True)
    ]
    assert all(s for s, shared in zip(same, plain.lanes.shared, strict=True) if shared)


def test_graddrop_sees_the_representation_itself(divided: Any) -> None:
    seen: list[Signals] = []

    class Watching(type(pm.method("graddrop"))):
        def aggregate(self, state: Any, signals: Signals) -> Any:
            seen.append(signals)
            return super().aggregate(state, signals)

    lanes = [
        Lane(method=Watching(), preference=(0.5, 0.5), seed=s, key=s, lr=0.01) for s in (0, 1, 2)
    ]
    batch = Batch(divided, lanes, settings(), CPU)
    copies = copies_of(batch.state, batch.inputs)
    networks = [one(batch.lanes, copies, k).float() for k in range(3)]  # pyright: ignore[reportArgumentType]
    x = batch.inputs.samples[0][0]
    batch.step()
    batch.step()
    (z,) = [s.representation for s in seen[:1]]
    assert z is not None
    for k in range(3):
        expected = networks[k].trunk(x[k])
        torch.testing.assert_close(z[k], expected.reshape(len(x[k]), -1))
    assert seen[0].jacobian is not None
    assert seen[0].jacobian.shape[-1] == z[0].numel()
    at_parameters = Batch(divided, lanes, dataclasses.replace(settings(), level="parameters"), CPU)
    at_parameters.step()
    assert seen[-1].representation is None


def test_a_problem_that_states_no_representation_is_refused() -> None:
    with pytest.raises(BadInput, match="level 'representation' needs a network that states"):
        pm.trace("zdt1", "mgda", level="representation")


def test_a_method_of_two_minibatches_is_refused() -> None:
    name = next(n for n in pm.methods if pm.method(n, **pm.methods[n].example).minibatches > 1)
    with pytest.raises(BadInput, match="two minibatches"):
        pm.trace("multi_digits", name, level="representation", budget=pm.Budget(steps=3))


def plain(problem: Any, name: str, **fields: Any) -> Batch:
    lanes = [
        Lane(method=pm.method(name), preference=p, seed=k, key=k, lr=0.01)
        for k, p in enumerate(((0.3, 0.7), (0.5, 0.5), (1.0, 0.0)))
    ]
    given = Settings(
        optimizer=Optimizer(), budget=Budget(steps=3), precision="float64", batch_size=8, **fields
    )
    return Batch(problem, lanes, given, CPU)


def rows_of(batch: Batch, lane: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return one lane's losses, and each task's gradient by each parameter, [m, ...], by plain autograd."""
    module = one(batch.lanes, copies_of(batch.state, batch.inputs), lane)  # pyright: ignore[reportArgumentType]
    losses = batch.problem.losses(module, tuple(t[lane] for t in batch.inputs.samples[0]))
    parameters = list(module.parameters())
    rows = [
        torch.autograd.grad(
            loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        for loss in losses
    ]
    return losses.detach(), [torch.stack(both) for both in zip(*rows, strict=True)]


def assert_directions(found: torch.Tensor, weights: torch.Tensor, rows: torch.Tensor) -> None:
    expected = torch.einsum("i,i...->...", weights, rows)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-14)


def test_losses_are_weighed_and_followed_down(tiny_network: Any) -> None:
    batch = plain(tiny_network, "linear")
    gradients, _, last = batch._step.passes.combine(batch.state, batch.inputs)
    for k, lane in enumerate(batch.members):
        losses, rows = rows_of(batch, k)
        torch.testing.assert_close(last.losses[k], losses, rtol=1e-12, atol=0)
        preference = torch.tensor(lane.preference, dtype=torch.float64)
        torch.testing.assert_close(last.weights[k], preference, rtol=0, atol=0)
        for found, own in zip(gradients, rows, strict=True):
            assert_directions(found[k], preference, own)
    assert last.gramian is None


@pytest.mark.parametrize("heads", ["unweighted", "weighted"])
def test_gradients_are_combined_by_what_is_shared_and_heads_follow_their_rule(
    tiny_network: Any, heads: Any
) -> None:
    batch = plain(tiny_network, "mgda", heads=heads)
    gradients, _, last = batch._step.passes.combine(batch.state, batch.inputs)
    names = [name for name, _ in tiny_network.module().named_parameters()]
    for k in range(3):
        _, rows = rows_of(batch, k)
        trunk = [own for name, own in zip(names, rows, strict=True) if "trunk" in name]
        g = torch.cat([own.flatten(1) for own in trunk], -1)
        torch.testing.assert_close(last.gramian[k], g @ g.mT, rtol=1e-11, atol=1e-15)
        scale = 2 * torch.tensor(batch.members[k].preference, dtype=torch.float64)
        first, second = g * scale.unsqueeze(-1)  # a preference scales the gradients that MGDA sees
        apart = first - second
        share = float((-(second @ apart) / (apart @ apart)).clamp(0, 1))
        weights = scale * torch.tensor([share, 1 - share], dtype=torch.float64)
        torch.testing.assert_close(last.weights[k], weights, rtol=1e-11, atol=1e-14)
        own = weights if heads == "weighted" else torch.ones(2, dtype=torch.float64)
        for name, found, both in zip(names, gradients, rows, strict=True):
            assert_directions(found[k], weights if "trunk" in name else own, both)


@pytest.mark.parametrize("heads", ["unweighted", "weighted"])
def test_a_direction_is_given_back_to_its_parameters_and_shown_by_its_products(
    tiny_network: Any, heads: Any
) -> None:
    """An answer without weights scales no head, whatever the setting."""

    class Second(type(pm.method("graddrop"))):
        def aggregate(self, state: Any, signals: Signals) -> Any:
            n = signals.jacobian.shape[-1]
            shape = signals.jacobian[..., 0, :].shape
            return torch.arange(n, dtype=torch.float64).expand(shape), state

    batch = plain(tiny_network, "graddrop", heads=heads)
    lanes = [dataclasses.replace(lane, method=Second()) for lane in batch.members]
    batch = Batch(tiny_network, lanes, batch.settings, CPU)
    gradients, _, last = batch._step.passes.combine(batch.state, batch.inputs)
    names = [name for name, _ in tiny_network.module().named_parameters()]
    count = torch.arange(25, dtype=torch.float64)  # of a trunk of 5 x 4 weights and 5 biases
    assert last.weights is None
    for k in range(3):
        _, rows = rows_of(batch, k)
        found = dict(zip(names, (g[k] for g in gradients), strict=True))
        assert torch.equal(found["trunk.weight"], count[:20].reshape(5, 4))
        assert torch.equal(found["trunk.bias"], count[20:])
        own = dict(zip(names, rows, strict=True))
        for name in names[2:]:
            assert_directions(found[name], torch.ones(2, dtype=torch.float64), own[name])
        g = torch.cat([own["trunk.weight"].flatten(1), own["trunk.bias"]], -1)
        torch.testing.assert_close(last.inner[k], g @ count, rtol=1e-11, atol=1e-13)
        assert float(last.length[k]) == pytest.approx((24 * 25 * 49 / 6) ** 0.5, rel=1e-14)


def test_the_pass_is_that_of_the_signal(divided: Any) -> None:
    for name, level, kind in (
        ("linear", "parameters", LossPass),
        ("linear", "representation", LossPass),
        ("mgda", "parameters", GradientPass),
        ("mgda", "representation", RepresentationPass),
        ("graddrop", "parameters", GradientPass),
    ):
        passes = plain(divided, name, level=level)._step.passes
        assert type(passes) is kind
        assert passes.whole is (name == "graddrop")
