"""What a problem is: the owner of every fact about itself.

Minimisation everywhere. A problem is constructed from its own options (dataclass fields) and states
its bounds, ideal, nadir, reference point, exact front where known, and best achievable hypervolume.
Two kinds exist, told apart by type: an `AnalyticProblem` maps points to objectives; a `NeuralProblem`
is a network with several losses and three splits of data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.registry import Registry
from paretomtl.shapes import Losses, Mask, Variables

Array: TypeAlias = npt.NDArray[np.floating[Any]]
Point: TypeAlias = Tensor | Sequence[float]

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

FrontShape: TypeAlias = Literal[
    "convex", "concave", "linear", "mixed", "disconnected", "degenerate", "unknown"
]


@dataclass(frozen=True, kw_only=True)
class ProblemCard:
    """What a person should know of a problem before using it; shown by `paretomtl show`.

    Args:
        summary: One sentence in field words.
        source: The paper that defines it.
        family: The suite it belongs to, such as "ZDT", "DTLZ", "multi-task toy".
        front_shape: Shape of the Pareto front.
        differentiable: False when gradients do not exist almost everywhere.
        front_accuracy: 0 where `front()` is exact; where it was computed, how far a point may lie
            beyond it, as a share of the range from ideal to nadir.
        notes: Traps: singular gradients and what is done, errors in other libraries.
    """

    summary: str
    source: str
    family: str
    front_shape: FrontShape = "unknown"
    differentiable: bool = True
    front_accuracy: float = 0.0
    notes: tuple[str, ...] = ()


class Problem(ABC):
    """Several objectives to be minimised at once, and all that is known of them.

    Subclasses are frozen keyword-only dataclasses whose fields are the options, registered with
    `problems.register(name)`.
    """

    name: ClassVar[str]
    card: ClassVar[ProblemCard]

    @property
    @abstractmethod
    def n_objectives(self) -> int:
        """Number of objectives, m."""

    @property
    def objective_names(self) -> tuple[str, ...]:
        """Short names for axes and tables."""
        return tuple(f"f{i + 1}" for i in range(self.n_objectives))

    @property
    def lower_bound(self) -> float:
        """A number that no objective ever falls below; `-inf` when there is none.

        Methods that take logarithms need it to be at least 0.
        """
        return 0.0

    @property
    @abstractmethod
    def ideal(self) -> Tensor:
        """Componentwise minimum over the Pareto front, [m] float64."""

    @property
    @abstractmethod
    def nadir(self) -> Tensor:
        """Componentwise maximum over the Pareto front, [m] float64."""

    @property
    def reference_point(self) -> Tensor:
        """Where hypervolume is measured from: nadir + 10 % of the front's range, [m] float64."""
        return self.nadir + 0.1 * (self.nadir - self.ideal)

    def front(self, n: int) -> Tensor:
        """Return about `n` points of the exact Pareto front, [n, m] float64, spread evenly.

        Raises:
            NoKnownFront: The exact front is not known.
        """
        raise NoKnownFront(f"the exact front of {self.name!r} is not known.")

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the whole exact front, or the best that `n_points` can reach.

        Args:
            n_points: Size of the set that is judged; None for the whole front. Problems of two
                objectives know it for every size.
            reference_point: Where to measure from, [m]; None for the problem's own.

        Raises:
            NoKnownFront: It is not known.
            BadInput: `n_points` is not positive, or `reference_point` has another length or lies
                where the problem cannot measure.
        """
        raise NoKnownFront(f"the best hypervolume of {self.name!r} is not known.")


class AnalyticProblem(Problem):
    """A problem given by a formula: a point in a box goes in, objectives come out."""

    @property
    @abstractmethod
    def n_variables(self) -> int:
        """Number of variables, n."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lower and upper bound of each variable, [n] and [n] float64; may be infinite."""

    @overload
    def objectives(self, x: Variables) -> Losses: ...
    @overload
    def objectives(self, x: Array) -> Array: ...
    def objectives(self, x: Variables | Array) -> Losses | Array:
        """Evaluate points; differentiable where the card says so. Points outside the box are evaluated.

        A NumPy array is accepted as well and answered by one.

        Raises:
            BadInput: The last axis of `x` does not have `n_variables` entries, or `x` is not floating.
        """
        if isinstance(x, np.ndarray):
            return self._objectives(self._checked(_tensor(x))).numpy()
        return self._objectives(self._checked(x))

    @overload
    def inside(self, x: Variables) -> Mask: ...
    @overload
    def inside(self, x: Array) -> npt.NDArray[np.bool_]: ...
    def inside(self, x: Variables | Array) -> Mask | npt.NDArray[np.bool_]:
        """Return which points lie in the box, [*batch]; a point with NaN does not.

        Raises:
            BadInput: As `objectives`.
        """
        if isinstance(x, np.ndarray):
            return self.inside(_tensor(x)).numpy()
        x = self._checked(x)
        lower, upper = (bound.to(x) for bound in self.bounds)
        return ((x >= lower) & (x <= upper)).all(-1)

    def _checked(self, x: object) -> Variables:
        if not isinstance(x, Tensor):
            raise BadInput(
                f"{self.name!r} takes a tensor or a NumPy array; found {type(x).__name__}."
            )
        if not x.is_floating_point() or x.ndim == 0 or x.shape[-1] != self.n_variables:
            raise BadInput(
                f"{self.name!r} takes points of {self.n_variables} floating-point variables in the "
                f"last axis; found {list(x.shape)} of {str(x.dtype).removeprefix('torch.')}."
            )
        return x

    @abstractmethod
    def _objectives(self, x: Variables) -> Losses:
        """Evaluate checked points: [*batch, n] -> [*batch, m], in the dtype and device of `x`."""

    @property
    def starts(self) -> Tensor | None:
        """The starting points that the literature fixes, [s, n] float64; None where it fixes none."""
        return None

    @property
    def start_box(self) -> tuple[Tensor, Tensor]:
        """The finite box that starts are drawn from, [n] and [n] float64: `bounds` unless stated."""
        return self.bounds

    def start(self, generator: torch.Generator) -> Tensor:
        """Draw one starting point, [n] float64: one of `starts`, else uniform in `start_box`."""
        fixed = self.starts
        if fixed is not None:
            return fixed[torch.randint(len(fixed), (), generator=generator)]
        lower, upper = self.start_box
        u = torch.rand(self.n_variables, dtype=torch.float64, generator=generator)
        return lower + u * (upper - lower)


def _tensor(x: Array) -> Tensor:
    return torch.tensor(x)  # a copy: torch warns about arrays that are not writable


class NeuralProblem(Problem):
    """A network trained on several losses, described for ONE copy; the engine makes the lanes.

    Methods see the train split, selection sees validation, reports show test. `ideal` and `nadir`
    are stated in units of the losses (they scale axes and place the reference point).
    """

    @abstractmethod
    def module(self) -> nn.Module:
        """Build one freshly initialised network; called under the seed's own random state."""

    @abstractmethod
    def losses(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return each task's mean loss over the samples of one batch, [m], for one network.

        It runs under `torch.func.vmap`: no Python branching on values, no `.item()`.
        """

    @abstractmethod
    def data(self, split: Split) -> tuple[Tensor, ...]:
        """Return one split as tensors that share their first axis, the samples."""

    @property
    def batch_size(self) -> int:
        """Samples in a minibatch when the suite states none."""
        return 64

    def shared_parameters(self) -> frozenset[str] | None:
        """Names of the parameters that all tasks share; None lets the engine find out by gradients."""
        return None

    @property
    def representation(self) -> str | None:
        """Name of the submodule whose output, one tensor, all heads read; None: not stated.

        Runs with `level="representation"` take the tasks' gradients there.
        """
        return None

    @property
    def initial_losses(self) -> Tensor | None:
        """The losses before training by theory, [m] float64: those of a network whose outputs are zero.

        `paretomtl.losses.reference.theoretical_init_loss` knows them. None: not stated.
        """
        return None

    def metrics(self, module: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return further figures for people, such as accuracies, each a scalar mean over samples."""
        return {}


problems: Registry[Problem] = Registry("problem", Problem, group="paretomtl.problems")
"""Every problem by name; other packages enter by the entry-point group `paretomtl.problems`."""


def problem(name: str | Problem, /, **options: Any) -> Problem:
    """Return the problem of that name, constructed from `options`; an instance comes back as it is.

    Raises:
        UnknownName: No such problem or option; the closest names are given.
        BadInput: An option's value is outside the problem's definition.
    """
    if isinstance(name, Problem):
        if options:
            raise BadInput("options go with a problem's name, not with an instance.")
        return name
    return problems.create(name, **options)
