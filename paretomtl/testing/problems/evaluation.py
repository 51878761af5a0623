"""An analytic problem evaluated: shapes, gradients, precision, isolation, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problems.base import AnalyticProblem
from paretomtl.testing.findings import Finding
from paretomtl.testing.problems.inputs import POINTS, Inputs


class EvaluationChecks:
    """Checks what comes out of `objectives`.

    Args:
        problem: The problem, constructed.
        inputs: Where points are drawn.
    """

    def __init__(self, problem: AnalyticProblem, inputs: Inputs) -> None:
        self.problem = problem
        self.inputs = inputs

    def shapes(self) -> Iterator[Finding]:
        """Objectives of one point, a batch, a grid and nothing have the right shape and type."""
        n, m = self.problem.n_variables, self.problem.n_objectives
        x = self.inputs.draw(6)
        for shape in ((n,), (6, n), (2, 3, n), (0, n)):
            for dtype in (torch.float64, torch.float32):
                given = x[: shape[0] if len(shape) == 2 else 6].to(dtype)
                given = given[0] if len(shape) == 1 else given.reshape(shape)
                f = self.problem.objectives(given)
                right = (
                    f.shape == (*shape[:-1], m) and f.dtype == dtype and f.device == given.device
                )
                if not right:
                    yield Finding(
                        "objectives keep shape, type and device",
                        ok=False,
                        detail=f"{list(shape)} of {dtype} gave {list(f.shape)} of {f.dtype}",
                    )
                    return
        yield Finding("objectives keep shape, type and device", ok=True)

    def batches(self) -> Iterator[Finding]:
        """A batch gives what its points give one by one."""
        x = self.inputs.draw(POINTS)
        together = self.problem.objectives(x)
        alone = torch.stack([self.problem.objectives(row) for row in x])
        error = _relative(together, alone)
        yield Finding(
            "a batch equals its points one by one", error <= 1e-12, f"relative error {error:.1e}"
        )

    def gradients(self) -> Iterator[Finding]:
        """Gradients equal central differences where the one-sided ones agree (elsewhere is a kink)."""
        if not self.problem.card.differentiable:
            return
        low, high = self.problem.start_box
        x = self.inputs.draw(POINTS)
        x = x.clamp(low + 1e-3 * (high - low), high - 1e-3 * (high - low))
        slopes = jacobian(self.problem.objectives, x)
        direction = torch.randn(x.shape, dtype=x.dtype, generator=self.inputs.generator) * (
            high - low
        )
        direction = direction / direction.abs().amax(-1, keepdim=True)
        h = 1e-6
        at, ahead, behind = (self.problem.objectives(x + s * h * direction) for s in (0, 1, -1))
        measured = (ahead - behind) / (2 * h)
        # One-sided differences that disagree show a kink (|.|, max), where no gradient is right or wrong.
        bend = ((ahead - at) / h - (at - behind) / h).abs()
        stated = (slopes * direction.unsqueeze(-2)).sum(-1)
        scale = stated.abs() + measured.abs() + 1e-6 * (1 + at.abs())
        smooth = bend < 1e-2 * scale
        error = ((stated - measured).abs() / scale).where(smooth, torch.zeros_like(scale))
        worst = float(error.nan_to_num(torch.inf).amax())
        enough = bool(smooth.double().mean() > 0.5) and bool(stated.isfinite().all())
        yield Finding(
            "gradients equal finite differences",
            worst < 1e-4 and enough,
            f"relative error {worst:.1e} on {float(smooth.double().mean()):.0%} smooth points",
        )

    def edges(self) -> Iterator[Finding]:
        """Gradients are finite where objectives are, on every face and corner that is drawn."""
        if not self.problem.card.differentiable:
            return
        low, high = (
            torch.where(bound.isfinite(), bound, start)
            for bound, start in zip(self.problem.bounds, self.problem.start_box, strict=True)
        )
        x = self.inputs.draw(3 * POINTS)
        side = torch.rand(x.shape, dtype=x.dtype, generator=self.inputs.generator)
        x = torch.where(side < 0.3, low, torch.where(side > 0.7, high, x))
        x = torch.cat((x, low[None], high[None], 0.5 * (low + high)[None]))
        for dtype in (torch.float64, torch.float32):
            given = x.to(dtype)
            f, slopes = self.problem.objectives(given), jacobian(self.problem.objectives, given)
            finite = f.isfinite().all(-1)
            bad = finite & ~slopes.isfinite().flatten(1).all(-1)
            if bool(bad.any()):
                where = given[bad][0]
                yield Finding(
                    "gradients are finite on the edges of the box",
                    ok=False,
                    detail=f"{int(bad.sum())} of {len(x)} in {dtype}, first at {_numbers(where)}",
                )
                return
        yield Finding("gradients are finite on the edges of the box", ok=True)

    def precision(self) -> Iterator[Finding]:
        """The same points in float32 and float64 give objectives that agree."""
        single = self.inputs.draw(POINTS).float()
        f32, f64 = self.problem.objectives(single), self.problem.objectives(single.double())
        scale = f64.abs().nan_to_num(0, 0, 0).amax(0) + f64.abs()
        error = float(((f32.double() - f64).abs() / scale.clamp_min(1e-30)).nan_to_num(0).amax())
        yield Finding("float32 agrees with float64", error < 1e-3, f"relative error {error:.1e}")

    def isolation(self) -> Iterator[Finding]:
        """A point of NaN gives NaN, and its neighbors the same as before, to the bit."""
        x = self.inputs.draw(8)
        clean = self.problem.objectives(x)
        with_nan = x.clone()
        with_nan[3] = torch.nan
        f = self.problem.objectives(with_nan)
        others = torch.arange(8) != 3
        same = torch.equal(f[others], clean[others])
        yield Finding(
            "NaN stays in its lane",
            same and bool(f[3].isnan().all()),
            "" if same else "a neighbor of the lane with NaN changed",
        )

    def refusals(self) -> Iterator[Finding]:
        """Points of another width, integers and scalars raise `BadInput`."""
        n = self.problem.n_variables
        cases = {
            "one variable more": torch.zeros(2, n + 1, dtype=torch.float64),
            "integers": torch.zeros(2, n, dtype=torch.int64),
            "a scalar": torch.tensor(0.5),
        }
        for what, given in cases.items():
            if not _refuses(lambda given=given: self.problem.objectives(given)):
                yield Finding("bad input is refused", ok=False, detail=f"{what} was accepted")
                return
        yield Finding("bad input is refused", ok=True)


def jacobian(objectives: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the gradients of every objective at every point, [k, m, n]; zeros where none reaches x.

    All m backward passes run as one batched pass, which computes what they share once: measured 1.1
    to 1.6 times as fast as one after the other.
    """
    x = x.detach().requires_grad_()
    f = objectives(x)
    m = f.shape[-1]
    ones = torch.eye(m, dtype=f.dtype, device=f.device).unsqueeze(1).expand(m, len(f), m)
    if not f.requires_grad:
        return torch.zeros(len(f), m, x.shape[-1], dtype=f.dtype, device=f.device)
    (slopes,) = torch.autograd.grad(f, x, ones, is_grads_batched=True, materialize_grads=True)
    return slopes.transpose(0, 1)


def _refuses(call: Callable[[], object]) -> bool:
    try:
        call()
    except BadInput:
        return True
    return False


def _relative(a: Tensor, b: Tensor) -> float:
    return float(((a - b).abs() / (1 + b.abs())).nan_to_num(0.0).amax())


def _numbers(x: Tensor) -> list[float]:
    return [round(float(value), 6) for value in x]
