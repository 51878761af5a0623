"""Cases: every kind is what its name says, and a method gets what its type reads."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.testing.samplers import KINDS, MEMBERS, draw_case, kinds_for, run


@pytest.fixture
def drawn() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    return {k: draw(3, 5, torch.Generator().manual_seed(0)) for k, draw in KINDS.items()}


def test_every_kind_is_what_its_name_says(
    drawn: dict[str, tuple[torch.Tensor, torch.Tensor]],
) -> None:
    assert all(losses.shape == (3,) and rows.shape == (3, 5) for losses, rows in drawn.values())
    rows = {kind: rows for kind, (_, rows) in drawn.items()}
    losses = {kind: losses for kind, (losses, _) in drawn.items()}
    assert float((rows["aligned"] @ rows["aligned"].T).min()) > 0
    assert float((rows["conflicting"] @ rows["conflicting"].T).min()) < 0
    assert float(rows["stationary"].sum(0).abs().max()) < 1e-12
    assert torch.linalg.matrix_rank(rows["rank one"]) == 1
    assert torch.equal(rows["duplicate rows"][0], rows["duplicate rows"][1])
    assert rows["zero row"].norm(dim=1).count_nonzero() == 2
    assert not rows["all zero"].any()
    assert len(losses["equal losses"].unique()) == 1
    assert bool((losses["negative losses"] < 0).all())
    lengths = rows["row imbalance to 1e-6"].norm(dim=1)
    assert float(lengths[0] / lengths[-1]) > 1e4


@pytest.mark.parametrize(
    ("name", "gramian", "jacobian", "batch"),
    [
        ("linear", False, False, (2,)),
        ("mgda", True, False, (2,)),
        ("graddrop", True, True, (2,)),
        ("hv_gradient", True, False, (2, MEMBERS)),
        ("moo_svgd", True, True, (2, MEMBERS)),
    ],
)
def test_a_case_holds_what_the_type_reads(
    name: str, gramian: bool, jacobian: bool, batch: tuple[int, ...]
) -> None:
    method = pm.method(name, **pm.methods[name].example)
    case = draw_case(method, ("random", "preference for one task"), 2, 4)
    first = case.signals[0]
    assert case.batch == batch
    assert (first.jacobian is not None) == jacobian
    assert (first.gramian is not None) == gramian
    preference = first.preference
    assert preference is not None
    torch.testing.assert_close(preference.sum(-1), torch.ones(batch, dtype=torch.float64))
    assert bool((preference[1].reshape(-1, 2)[0] == torch.tensor([1.0, 0.0])).all())
    if first.gramian is not None and first.jacobian is not None:
        torch.testing.assert_close(first.gramian, first.jacobian @ first.jacobian.mT)
    answers, states = run(method, case)
    assert (len(answers), len(states)) == (3, 4)


def test_a_case_depends_on_its_seed_alone() -> None:
    method = pm.method("mgda")
    one, two, other = (draw_case(method, ("random",), 2, 3, seed=s).signals[0] for s in (0, 0, 1))
    assert one.gramian is not None
    assert two.gramian is not None
    assert other.gramian is not None
    assert torch.equal(one.gramian, two.gramian)
    assert not torch.equal(one.gramian, other.gramian)


def test_logarithms_are_not_asked_of_negative_losses() -> None:
    assert "negative losses" in kinds_for(pm.method("linear"))
    positive = next(n for n in pm.methods if pm.methods[n].needs_positive_losses)
    method = pm.method(positive, **pm.methods[positive].example)
    assert set(KINDS) - set(kinds_for(method)) == {"negative losses"}
