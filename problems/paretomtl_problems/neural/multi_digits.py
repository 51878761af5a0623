"""Two real handwritten digits in one picture: the MultiMNIST construction on scikit-learn's digits."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from paretomtl.errors import BadInput, missing_extra
from paretomtl.losses.reference import theoretical_init_loss
from paretomtl.problems import NeuralProblem, ProblemCard, Split, problems

CANVAS = 12
"""Side of the picture; each digit is 8 x 8, so the two overlap in a 4 x 4 patch."""

N_CLASSES = 10
ROUNDS: dict[Split, int] = {"train": 4, "validation": 2, "test": 2}
"""How often each source digit of a split appears in either corner."""


class TwoHeads(nn.Module):
    """An MLP trunk with one classifier for each corner."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        sizes = [CANVAS * CANVAS, *[width] * depth]
        layers = (
            layer
            for fan_in, fan_out in itertools.pairwise(sizes)
            for layer in (nn.Linear(fan_in, fan_out), nn.ReLU())
        )
        self.trunk = nn.Sequential(*layers)
        self.upper_left = nn.Linear(width, N_CLASSES)
        self.lower_right = nn.Linear(width, N_CLASSES)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Map pictures [samples, 144] to the logits of both corners, [samples, 10] each."""
        features = self.trunk(pictures)
        return self.upper_left(features), self.lower_right(features)


@problems.register("multi_digits")
@dataclass(frozen=True, kw_only=True, eq=False)
class MultiDigits(NeuralProblem):
    """Classify both of two overlaid handwritten digits with one small network.

    A digit in the upper left and one in the lower right corner of a 12 x 12 picture, overlapping in a
    4 x 4 patch where the brighter pixel wins. Task 1 names the upper left digit, task 2 the lower
    right one; the losses are cross-entropies in nats. The width of the trunk decides whether the tasks
    compete: at 6 there is a real trade-off, at 64 hardly any.

    The 1797 source digits are divided 60 / 20 / 20 by a hash of their index, so the splits share no
    source digit; pairs are formed inside a split, again by hashes.

    Args:
        width: Units in each hidden layer of the trunk, >= 1.
        depth: Hidden layers of the trunk, >= 1.
    """

    card = ProblemCard(
        summary="Two overlaid real digits, two ten-class tasks, an MLP trunk with two heads.",
        source=(
            "Construction of MultiMNIST (Sabour, Frosst & Hinton 2017; as a multi-task problem Sener & "
            "Koltun 2018, Lin et al. 2019) on the UCI digits bundled with scikit-learn"
        ),
        family="neural",
        front_shape="unknown",
        notes=(
            (
                "With a sufficiently wide trunk the tasks do not compete (Ruchte & Grabocka 2021): "
                "compare the front with the single-task anchors before reading a hypervolume."
            ),
            (
                "Ideal 0 and nadir log 10 are the losses of a perfect and of a constant uniform "
                "predictor, not of the (unknown) Pareto front; they scale axes and place the "
                "reference point."
            ),
        ),
    )

    width: int = 6
    depth: int = 1

    def __post_init__(self) -> None:
        for option in ("width", "depth"):
            value = getattr(self, option)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(f"multi_digits `{option}` must be an integer >= 1; found {value!r}.")

    @property
    def n_objectives(self) -> int:
        """Two tasks, one for each corner."""
        return 2

    @property
    def objective_names(self) -> tuple[str, ...]:
        """Which digit each loss is about."""
        return ("upper left", "lower right")

    @property
    def ideal(self) -> Tensor:
        """Cross-entropy of a perfect predictor."""
        return torch.zeros(2, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """Cross-entropy of a uniform guess, log 10 nats."""
        return torch.full((2,), math.log(N_CLASSES), dtype=torch.float64)

    @property
    def initial_losses(self) -> Tensor:
        """The cross-entropy of a uniform guess among ten classes, twice: log 10."""
        return torch.full(
            (2,), theoretical_init_loss("cross_entropy", n_classes=N_CLASSES), dtype=torch.float64
        )

    def module(self) -> nn.Module:
        """Build one network with torch's default initialisation."""
        return TwoHeads(self.width, self.depth)

    @property
    def representation(self) -> str:
        """Both heads read the output of the trunk."""
        return "trunk"

    def losses(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the mean cross-entropy of each corner, [2]."""
        pictures, upper_left, lower_right = batch
        first, second = module(pictures)
        return torch.stack((cross_entropy(first, upper_left), cross_entropy(second, lower_right)))

    def data(self, split: Split) -> tuple[Tensor, ...]:
        """Return pictures [samples, 144] float32 in [0, 1] and both labels [samples] int64.

        Raises:
            MissingExtra: scikit-learn, which bundles the digits, is not installed.
        """
        return _pairs(split)

    def metrics(self, module: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return the accuracy of each corner."""
        pictures, *labels = batch
        hits = [
            (logits.argmax(-1) == label).to(pictures.dtype).mean()
            for logits, label in zip(module(pictures), labels, strict=True)
        ]
        return {"accuracy upper left": hits[0], "accuracy lower right": hits[1]}


@lru_cache(maxsize=3)
def _pairs(split: Split) -> tuple[Tensor, ...]:
    images, labels = _digits()
    members = [i for i in range(len(labels)) if source_split(i) == split]
    first = torch.tensor(members * ROUNDS[split])
    second = torch.tensor(
        [
            partner
            for r in range(ROUNDS[split])
            for partner in sorted(members, key=lambda i: _hash(f"{split}, round {r}, digit {i}"))
        ]
    )
    pictures = torch.zeros(len(first), CANVAS, CANVAS)
    pictures[:, :8, :8] = images[first]
    pictures[:, -8:, -8:] = torch.maximum(pictures[:, -8:, -8:], images[second])
    return pictures.flatten(1), labels[first], labels[second]


def source_split(index: int) -> Split:
    """Return the split that owns source digit `index`: a fixed hash, 60 / 20 / 20."""
    place = _hash(f"digit {index}") % 10
    if place < 6:
        return "train"
    return "validation" if place < 8 else "test"


@lru_cache(maxsize=1)
def _digits() -> tuple[Tensor, Tensor]:
    try:
        from sklearn.datasets import (
            load_digits,  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
        )
    except ImportError as error:
        raise missing_extra(
            "problem 'multi_digits'", package="scikit-learn", extra="data"
        ) from error
    images, labels = cast("tuple[Any, Any]", load_digits(return_X_y=True))
    pictures = torch.as_tensor(images, dtype=torch.float32).reshape(-1, 8, 8) / 16
    return pictures, torch.as_tensor(labels, dtype=torch.int64)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
