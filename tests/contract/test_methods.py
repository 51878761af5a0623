"""Every registered method keeps the contract, and the kit notices when one does not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    Card,
    Scalarization,
    Signals,
    Weighting,
    lane_option,
    task_option,
    unit_sum,
)
from paretomtl.methods.gramian import gramian_of
from paretomtl.methods.option_values import per_task
from paretomtl.methods.signals import keys_of, losses_of
from paretomtl.testing.methods import check_method
from paretomtl.testing.samplers import KINDS, draw_case, kinds_for

VARIANTS = {
    "power_mean": [{"gamma": 0.0}, {"gamma": float("inf")}, {"gamma": -1.5}],
    "mgda": [{"normalization": "l2"}],
    "pcgrad": [{"mode": "mean"}, {"reduction": "mean"}],
    "prior_norm": [{"prior": (0.5, 2.0, 1.0)}],
    "upgrad": [{"scale": "unit_sum"}],
    "cr_mogm": [{"weighting": "pcgrad"}],
}
CASES = [
    (name, options)
    for name in pm.methods
    for options in [dict(pm.methods[name].example), *VARIANTS.get(name, [])]
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda v: str(v) if v else "")
def test_the_contract(name, options):
    findings = check_method(pm.method(name, **options))
    assert len(findings) >= 14
    assert not [str(finding) for finding in findings if not finding.ok]


@pytest.mark.slow
@pytest.mark.filterwarnings("default::DeprecationWarning")  # torch compiles with its own
@pytest.mark.parametrize("name", ["mgda", "smooth_tchebycheff", "famo"])
def test_one_graph(name):
    method = pm.method(name)
    (line,) = [f for f in check_method(method, tasks=[2], compiled=True) if "compile" in f.check]
    assert line.ok, line.detail


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound(Weighting):
    """Weights `1 / (1 + G_ii / tr G)`: what the broken ones below start from."""

    name = "sound"
    card = Card(title="Sound", formula="1 / (1 + G_ii / tr G)", source="here")

    strength: float = lane_option(1.0)

    def init(self, shapes):
        return {"seen": shapes.per_task()}

    def weigh(self, state, signals):
        size = self.size(gramian_of(self, signals).diagonal(dim1=-2, dim2=-1))
        strength = torch.as_tensor(self.strength, dtype=torch.float64).to(size).unsqueeze(-1)
        return 1 / (1 + strength * size), {"seen": state["seen"] + size}

    def size(self, diagonal):
        total = diagonal.sum(-1, keepdim=True)
        return diagonal / torch.where(total > 0, total, 1.0)


class WrongShape(Sound):
    own_preference = True

    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        return weights[..., :2], state


class WrongType(Sound):
    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        return weights.double(), state


class NotFinite(Sound):
    def size(self, diagonal):
        return diagonal / diagonal.sum(-1, keepdim=True)


class OverflowsInSingle(Sound):
    def size(self, diagonal):
        return super().size(diagonal**3)


class AverageOfTheBatch(Sound):
    def size(self, diagonal):
        return super().size(diagonal) + diagonal.mean()


class SpreadsNaN(Sound):
    def size(self, diagonal):
        return super().size(diagonal) + 0 * diagonal.sum()


class CountsItsPlace(Sound):
    def size(self, diagonal):
        size = super().size(diagonal)
        return size if diagonal.ndim < 2 else size + torch.arange(len(size))[:, None].to(size)


class ChangesItsState(Sound):
    def weigh(self, state, signals):
        weights, after = super().weigh(state, signals)
        state["seen"].add_(1)
        return weights, after


class ChangesItsSignals(Sound):
    def weigh(self, state, signals):
        answer = super().weigh(state, signals)
        signals.losses.mul_(2)
        return answer


class StateWithoutLanes(Sound):
    def init(self, shapes):
        return {"seen": super().init(shapes)["seen"].new_zeros(shapes.n_tasks)}


class StateThatIsNoTensor(Sound):
    def init(self, shapes):
        return {**super().init(shapes), "steps": 0}

    def weigh(self, state, signals):
        weights, after = super().weigh({"seen": state["seen"]}, signals)
        return weights, {**after, "steps": state["steps"] + 1}


class GlobalGenerator(Sound):
    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        return weights + 0.1 * torch.rand_like(weights), state


class UndeclaredDraws(Sound):
    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        return weights + (keys_of(self, signals) % 7).unsqueeze(-1).to(weights), state


class DrawsNothing(Sound):
    random = True


class IgnoresPreference(Sound):
    own_preference = True


class PreferenceOnItsOwnTerms(Sound):
    own_preference = True

    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        return weights if signals.preference is None else weights * signals.preference, state


class KeepsItsLength(Sound):
    def step(self, state, signals):
        plain = dataclasses.replace(self, scale="paper")
        return super(KeepsItsLength, plain).step(state, signals)


class CoarseSingle(Sound):
    def size(self, diagonal):
        size = super().size(diagonal)
        return size if size.dtype == torch.float64 else 1.01 * size


class ReadsTheJacobian(Sound):
    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        if signals.jacobian is not None:
            weights = weights * signals.jacobian.abs().mean(-1)
        return weights, state


class NeedsLosses(Sound):
    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        return weights * losses_of(self, signals), state


class SilentWithoutGramian(Sound):
    def weigh(self, state, signals):
        if signals.gramian is None:
            return torch.ones_like(signals.losses), state
        return super().weigh(state, signals)


class OptionsOfOneLaneForAll(Sound):
    def weigh(self, state, signals):
        if isinstance(self.strength, torch.Tensor):
            return dataclasses.replace(self, strength=float(self.strength[0])).weigh(state, signals)
        return super().weigh(state, signals)


class CrashesFromThreeTasks(Sound):
    def weigh(self, state, signals):
        if signals.losses.shape[-1] > 2:
            raise RuntimeError("two tasks at most")
        return super().weigh(state, signals)


@dataclass(frozen=True, kw_only=True, eq=False)
class Squares(Scalarization):
    name = "squares"
    card = Card(title="Squares", formula="sum_i p_i L_i^2 / 2", source="here")

    def value(self, state, signals):
        p = signals.losses.new_tensor(1.0) if signals.preference is None else signals.preference
        m = 1 if signals.preference is None else signals.losses.shape[-1]
        return (m * p * losses_of(self, signals).square()).sum(-1) / 2

    def weights(self, state, signals):
        p = 1.0 if signals.preference is None else signals.preference * signals.preference.shape[-1]
        return p * losses_of(self, signals)


class AnotherGradient(Squares):
    def weights(self, state, signals):
        return 2 * super().weights(state, signals)


class NoFormula(Sound):
    card = Card(title="No formula", formula="", source="")


class NotDecorated(Sound):
    factor: float = 2.0


def frozen(cls):
    return dataclass(frozen=True, kw_only=True, eq=False)(cls)


@frozen
class Even(Weighting):
    card = Card(title="Even", formula="w = 1", source="this file")

    def weigh(self, state, signals):
        return torch.ones_like(gramian_of(self, signals)[..., 0]), state


@frozen
class ChangesTheGramian(Even):
    def weigh(self, state, signals):
        gramian_of(self, signals).mul_(2)
        return super().weigh(state, signals)


@frozen
class OneWeightForAll(Even):
    def weigh(self, state, signals):
        return torch.ones_like(gramian_of(self, signals)[..., :1, 0]), state


@frozen
class ChangesTheIdeal(Even):
    def weigh(self, state, signals):
        if signals.ideal is not None:
            signals.ideal.sub_(1.0)
        return super().weigh(state, signals)


@frozen
class CannotBearTheIdeal(Even):
    def weigh(self, state, signals):
        if signals.ideal is not None:
            raise RuntimeError("boom")
        return super().weigh(state, signals)


@frozen
class RemembersOnItself(Even):
    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        if not hasattr(self, "_first") and weights.numel():
            object.__setattr__(self, "_first", float(signals.gramian.nan_to_num().abs().max()))
        return weights / getattr(self, "_first", 1.0), state


@frozen
class FirstLanesOptionForAll(Even):
    strength: float = lane_option(1)

    def weigh(self, state, signals):
        strength = self.strength
        if isinstance(strength, torch.Tensor):
            strength = strength[:1, None]
        weights, state = super().weigh(state, signals)
        return weights * strength, state


@frozen
class FirstLanesOffsetForAll(Even):
    offset: float = task_option(0.5, lane=True)

    def weigh(self, state, signals):
        weights, state = super().weigh(state, signals)
        offset = per_task(self.offset, weights, name="offset")
        return weights + (offset[:1] if isinstance(self.offset, torch.Tensor) else offset), state


def test_a_class_is_named_after_itself_until_it_is_registered():
    assert Even.name == "Even"
    assert type(pm.method("mgda")).name == "mgda"
    with pytest.raises(BadInput, match="Even reads the Gramian"):
        pm.weights(Even(), losses=torch.ones(2))


@pytest.mark.parametrize("sound", [Sound, Squares, Even])
def test_a_sound_method_passes(sound):
    findings = check_method(sound())
    assert not [str(f) for f in findings if not f.ok]


SHAPE = "answer and state have the right shape and type"
BATCH = "a batch equals its lanes one by one, bitwise"
NEIGHBORS = "neighbors that are NaN, infinite, zero or stationary change nothing"


@pytest.mark.parametrize(
    ("broken", "line", "words"),
    [
        (WrongShape, SHAPE, "(lanes of shape [1], float64); m = 3, n = 1, 1 lane (random), losses"),
        (WrongType, SHAPE, "m = 1, n = 1, 1 lane (random)"),
        (
            NotFinite,
            "answers are finite",
            "for stationary; m = 1, n = 1, 1 lane (stationary), losses",
        ),
        (OverflowsInSingle, "answers are finite", "in float32 at step 0 for huge gradients; m = 1"),
        (AverageOfTheBatch, BATCH, "m = 1, n = 1, 2 lanes"),
        (AverageOfTheBatch, NEIGHBORS, "lane 0 NaN: the answer differs"),
        (SpreadsNaN, NEIGHBORS, "m = 1, n = 1, 2 lanes (random)"),
        (CountsItsPlace, BATCH, "lane 1 alone"),
        (CountsItsPlace, "a lane's answer does not depend on its place, bitwise", "m = 1, n = 1"),
        (ChangesItsState, "a step changes neither its state nor its signals", "state 'seen'"),
        (ChangesItsSignals, "a step changes neither its state nor its signals", "`losses`"),
        (StateWithoutLanes, SHAPE, "went from [1] float64 to [1, 1] float64"),
        (StateThatIsNoTensor, SHAPE, "state 'steps' is no tensor but int"),
        (GlobalGenerator, "the same input gives the same answer", "torch's global generator"),
        (UndeclaredDraws, "draws depend on keys and steps alone", "with other keys"),
        (UndeclaredDraws, "what is not declared is not needed", "BadInput"),
        (DrawsNothing, "draws depend on keys and steps alone", "`random` is declared"),
        (IgnoresPreference, "a preference is heeded", "no preference changes any answer; m = 2"),
        (PreferenceOnItsOwnTerms, "the uniform preference is no preference", "m = 2, n = 1"),
        (KeepsItsLength, "scale='unit_sum' divides by the sum of the weights", "m = 1, n = 1"),
        (CoarseSingle, "float32 agrees with float64", "1 lane (random)"),
        (ReadsTheJacobian, "the Gramian is all that is read of the gradients", "another Jacobian"),
        (NeedsLosses, "what is not declared is not needed", "without losses, keys: BadInput"),
        (SilentWithoutGramian, "a missing signal is refused", "without `gramian` was made"),
        (OptionsOfOneLaneForAll, "options of single lanes", "'strength'"),
        (CrashesFromThreeTasks, SHAPE, "RuntimeError: two tasks at most; m = 3, n = 1, 1 lane"),
        (AnotherGradient, "weights are the gradient of the value", "m = 1, n = 1, 1 lane (random)"),
        (ChangesTheGramian, "a step changes neither its state nor its signals", "`gramian`"),
        (OneWeightForAll, SHAPE, "the answer is [1, 1] where [1, 2]"),
        (ChangesTheIdeal, "a step changes neither its state nor its signals", "`ideal`"),
        (CannotBearTheIdeal, "a step changes neither its state nor its signals", "boom; m = 1"),
        (RemembersOnItself, BATCH, "m = 1, n = 1, 2 lanes (random)"),
        (FirstLanesOptionForAll, "options of single lanes", "'strength' (1 and 0.7)"),
        (FirstLanesOffsetForAll, "options of single lanes", "'offset'"),
        (NoFormula, "the card says title, formula and source", "formula, source"),
        (NotDecorated, "options are the fields of a frozen dataclass", "factor: decorate it"),
    ],
)
def test_a_broken_method_is_noticed(broken, line, words):
    failed = {f.check: f.detail for f in check_method(broken()) if not f.ok}
    assert line in failed
    assert words in failed[line], failed[line]


def test_numbers_of_tasks_that_are_refused_are_left_out():
    findings = check_method(pm.method("log_sum", shift=(0.1, 0.2, 0.3)))
    assert {f.detail for f in findings if f.detail.startswith("m = ")} == {"m = 3"}
    with pytest.raises(BadInput, match="no number of tasks"):
        check_method(pm.method("log_sum", shift=(0.1,) * 5))


def test_what_is_no_method_is_refused():
    with pytest.raises(BadInput, match="checks methods"):
        check_method(object())


def test_inputs_are_what_their_kind_says():
    method = pm.method("mgda")
    case = draw_case(method, kinds_for(method), 4, 6)
    signals = case.signals[0]
    gramian = dict(zip(case.kinds, signals.gramian, strict=True))
    assert set(case.kinds) == set(KINDS)
    rank = {kind: int(torch.linalg.matrix_rank(g, hermitian=True)) for kind, g in gramian.items()}
    assert rank["random"] == rank["conflicting"] == 4
    assert (rank["rank one"], rank["duplicate rows"], rank["zero row"]) == (1, 2, 3)
    assert rank["all zero"] == 0
    assert rank["stationary"] == 3
    assert gramian["stationary"].sum().abs() < 1e-12 * gramian["stationary"].abs().sum()
    assert (gramian["aligned"] > 0).all()
    lengths = gramian["row imbalance to 1e-6"].diagonal().sqrt()
    assert 1e-8 < lengths.min() / lengths.max() < 1e-4
    assert "negative losses" not in kinds_for(pm.method("log_sum"))
    torch.testing.assert_close(
        signals.preference.sum(-1), torch.ones(len(KINDS), dtype=torch.float64)
    )
    assert isinstance(signals, Signals)
    assert unit_sum(signals.preference).shape == signals.preference.shape
