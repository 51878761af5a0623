"""What holds for every problem of the WFG, UF, MaF and RE families alike."""

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput, NoKnownFront

WFG = [
    (f"wfg{i}", {"n_objectives": m, "k": 2 * (m - 1), "l": 6})
    for i in range(1, 10)
    for m in (2, 3, 5)
]
UF = [(f"uf{i}", {}) for i in range(1, 11)]
MAF = [(f"maf{i}", {"n_objectives": m}) for i in (1, 2, 4) for m in (2, 3, 5)]
MAF += [("maf8", {"n_objectives": m}) for m in (3, 5)]
RE = [(f"re{i}", {}) for i in (21, 22, 23, 24, 25, 31, 32, 33, 34, 35, 36, 37, 41, 42, 61, 91)]
ALL = WFG + UF + MAF + RE


def build(case):
    name, options = case
    return pm.problem(name, **options)


def label(case):
    return case[0] + (f"-m{case[1]['n_objectives']}" if case[1] else "")


def inside(problem, n, seed=0, margin=0.0):
    """Random points of the box, `margin` of its width away from its faces."""
    lower, upper = problem.bounds
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(n, problem.n_variables, dtype=torch.float64, generator=generator)
    return lower + (upper - lower) * (margin + (1 - 2 * margin) * u)


@pytest.mark.parametrize("case", ALL, ids=label)
def test_batches_equal_single_points_in_every_shape(case):
    problem = build(case)
    x = inside(problem, 6)
    together = problem.objectives(x)
    assert together.shape == (6, problem.n_objectives)
    for i in range(6):
        torch.testing.assert_close(problem.objectives(x[i]), together[i], rtol=1e-12, atol=1e-13)
    folded = problem.objectives(x.reshape(2, 3, -1))
    torch.testing.assert_close(folded.reshape(6, -1), together, rtol=1e-12, atol=1e-13)
    assert problem.objectives(x[:0]).shape == (0, problem.n_objectives)


@pytest.mark.parametrize("case", ALL, ids=label)
def test_a_lane_does_not_depend_on_its_neighbors_and_nan_stays_in_its_lane(case):
    problem = build(case)
    x = inside(problem, 8).requires_grad_()
    clean = problem.objectives(x)
    (clean_gradient,) = torch.autograd.grad(clean.sum(), x)
    hurt = x.detach().clone()
    hurt[3] = float("nan")
    hurt.requires_grad_()
    found = problem.objectives(hurt)
    (gradient,) = torch.autograd.grad(found.sum(), hurt)
    others = [0, 1, 2, 4, 5, 6, 7]
    assert found[3].isnan().all()
    assert torch.equal(found[others], clean[others])
    assert torch.equal(gradient[others], clean_gradient[others])


@pytest.mark.parametrize("case", ALL, ids=label)
def test_single_precision_stays_single_and_agrees(case):
    problem = build(case)
    x = inside(problem, 50, margin=0.01).float()
    single = problem.objectives(x)
    assert single.dtype == torch.float32
    double = problem.objectives(x.double())
    scale = double.abs().amax(0)
    # Sums of waves of frequency 122 pi and powers up to 50 amplify float32 rounding a hundredfold;
    # a discrete variable may round another way where single precision moves it over a half.
    close = ((single - double).abs() / scale).amax(-1) < 2e-3
    assert close.double().mean() > 0.95


@pytest.mark.parametrize("case", [c for c in ALL if build(c).card.differentiable], ids=label)
def test_gradients_equal_central_differences(case):
    problem = build(case)
    x = inside(problem, 40, seed=1, margin=0.02).requires_grad_()
    lower, upper = problem.bounds
    width = upper - lower
    gradients = torch.stack(
        [
            torch.autograd.grad(f.sum(), x, retain_graph=True)[0]
            for f in problem.objectives(x).unbind(-1)
        ],
        -2,
    )
    x = x.detach()
    agree = torch.ones(len(x), dtype=torch.bool)
    for j in range(problem.n_variables):
        quotients = []
        for step in (1e-6, 1e-7):
            h = step * float(width[j])
            up, down = x.clone(), x.clone()
            up[:, j] += h
            down[:, j] -= h
            quotients.append((problem.objectives(up) - problem.objectives(down)) / (2 * h))
        # Points within a step of a kink are told by two steps that disagree.
        rounding = problem.objectives(x).abs() * 1e-15 / (1e-7 * float(width[j])) * 10
        scale = quotients[0].abs() + rounding + 1e-6 * gradients[..., j].abs().amax(0)
        smooth = ((quotients[0] - quotients[1]).abs() <= 1e-3 * scale + rounding).all(-1)
        error = (quotients[0] - gradients[..., j]).abs() / (scale + 1e-9)
        assert smooth.double().mean() > 0.7
        assert error[smooth].amax() < 2e-3, j
        agree &= smooth
    assert agree.double().mean() > 0.2


@pytest.mark.parametrize(
    "case",
    # RE22 and RE33 divide by zero on faces of their boxes and RE42 takes powers of negative
    # numbers; their cards say so.
    [c for c in ALL if c[0] not in ("re22", "re33", "re42")],
    ids=label,
)
def test_values_and_gradients_are_finite_on_corners_and_faces_of_the_box(case):
    problem = build(case)
    lower, upper = problem.bounds
    generator = torch.Generator().manual_seed(2)
    pick = torch.rand(400, problem.n_variables, generator=generator)
    x = inside(problem, 400, seed=3)
    x = torch.where(pick < 0.4, lower, torch.where(pick > 0.6, upper, x))
    x = torch.cat((x, lower[None], upper[None])).requires_grad_()
    f = problem.objectives(x)
    assert f.isfinite().all()
    for column in f.unbind(-1):
        (gradient,) = torch.autograd.grad(column.sum(), x, retain_graph=True)
        assert gradient.isfinite().all()


@pytest.mark.parametrize("case", ALL, ids=label)
def test_facts_agree_with_one_another(case):
    problem = build(case)
    lower, upper = problem.bounds
    assert lower.shape == upper.shape == (problem.n_variables,)
    assert (lower < upper).all()
    assert (problem.ideal < problem.nadir).all()
    torch.testing.assert_close(
        problem.reference_point, problem.nadir + 0.1 * (problem.nadir - problem.ideal)
    )
    assert problem.lower_bound <= float(
        problem.objectives(inside(problem, 2000)).nan_to_num(1.0).min()
    )
    try:
        front = problem.front(100)
    except NoKnownFront:
        return
    assert front.dtype == torch.float64
    assert 20 < len(front) <= 100
    span = problem.nadir - problem.ideal
    assert ((front - problem.ideal) / span).amin() > -1e-9
    assert ((front - problem.nadir) / span).amax() < 1e-9


@pytest.mark.parametrize("case", ALL, ids=label)
def test_the_stated_front_holds_no_dominated_point(case):
    problem = build(case)
    try:
        front = problem.front(150)
    except NoKnownFront:
        pytest.skip("no front is stated")
    tolerance = 1e-12 * (problem.nadir - problem.ideal)
    worse = (front[:, None] <= front[None]).all(-1)
    strictly = (front[:, None] < front[None] - tolerance).any(-1)
    assert not (worse & strictly).any()


@pytest.mark.parametrize("case", ALL, ids=label)
def test_a_larger_front_covers_more_and_never_more_than_the_best(case):
    problem = build(case)
    try:
        best = problem.best_hypervolume()
    except NoKnownFront:
        pytest.skip("no hypervolume is stated")
    m = problem.n_objectives
    if m > 6:
        pytest.skip("an exact hypervolume of nine objectives takes minutes")
    sizes = (10, 50, 200) if m < 5 else (10, 60)
    covered = [pm.hypervolume(problem.front(n), problem.reference_point) for n in sizes]
    assert sorted(covered) == covered
    assert covered[-1] <= best * (1 + 1e-12)
    if m < 4:
        assert covered[-1] > 0.8 * best


@pytest.mark.parametrize("case", ALL, ids=label)
def test_wrong_input_is_refused_by_name(case):
    problem = build(case)
    with pytest.raises(BadInput, match=problem.name):
        problem.objectives(torch.zeros(3, problem.n_variables + 1, dtype=torch.float64))
    with pytest.raises(BadInput, match=problem.name):
        problem.objectives(torch.zeros(3, problem.n_variables, dtype=torch.int64))
    try:
        problem.front(1)
    except NoKnownFront:
        return
    with pytest.raises(BadInput, match="at least 1"):
        problem.front(0)


@pytest.mark.parametrize("case", ALL, ids=label)
def test_points_outside_the_box_are_evaluated_and_told(case):
    problem = build(case)
    lower, upper = problem.bounds
    x = upper + 0.01 * (upper - lower)
    assert not problem.inside(x)
    assert problem.objectives(x).shape == (problem.n_objectives,)
    assert problem.inside(inside(problem, 5)).all()
