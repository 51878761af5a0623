"""What a neural problem states of itself: splits, points, names, batch size, metrics."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from paretomtl.problems.base import SPLITS, NeuralProblem
from paretomtl.testing.findings import Finding
from paretomtl.testing.problems.facts import vectors
from paretomtl.testing.problems.inputs import Samples, first_samples, fresh_network


class NeuralFactChecks:
    """Checks the stated facts, and the data against one another.

    Args:
        problem: The problem, constructed.
        seed: Determines the network that metrics are tried on.
    """

    def __init__(self, problem: NeuralProblem, seed: int) -> None:
        self.problem = problem
        self.seed = seed

    def splits(self) -> Iterator[Finding]:
        """Splits agree in shape and type, are the same every time, and share no sample."""
        data = {split: self.problem.data(split) for split in SPLITS}
        counts = {split: [len(part) for part in parts] for split, parts in data.items()}
        even = all(len(set(lengths)) == 1 and lengths[0] > 0 for lengths in counts.values())
        yield Finding("each split's tensors share their first axis", even, str(counts))
        kinds = [[(part.shape[1:], part.dtype) for part in parts] for parts in data.values()]
        yield Finding("splits agree in shape and type", all(kind == kinds[0] for kind in kinds))
        again = all(
            torch.equal(a, b)
            for split in SPLITS
            for a, b in zip(data[split], self.problem.data(split), strict=True)
        )
        yield Finding("data are the same every time", again)
        inputs = {split: _samples(parts) for split, parts in data.items()}
        shared = {
            f"{a} and {b}": len(inputs[a] & inputs[b])
            for k, a in enumerate(SPLITS)
            for b in SPLITS[k + 1 :]
        }
        leaks = ", ".join(f"{count} in {both}" for both, count in shared.items() if count)
        yield Finding("no sample is in two splits", not leaks, leaks)

    def points(self) -> Iterator[Finding]:
        """Ideal, nadir and reference point are in order; every objective has its own name."""
        yield vectors(self.problem)
        ideal, nadir = self.problem.ideal, self.problem.nadir
        reference = self.problem.reference_point
        ordered = bool(((ideal < nadir) & (nadir <= reference)).all())
        yield Finding("ideal < nadir <= reference point", ordered)
        names = self.problem.objective_names
        yield Finding(
            "every objective has a name of its own",
            len(set(names)) == self.problem.n_objectives,
            ", ".join(names),
        )

    def extras(self) -> Iterator[Finding]:
        """The batch size is positive; shared parameters exist; metrics are finite."""
        size = self.problem.batch_size
        yield Finding("the batch size is positive", size > 0, str(size))
        module, batch = fresh_network(self.problem, self.seed), first_samples(self.problem)
        shared = self.problem.shared_parameters()
        if shared is not None:
            unknown = sorted(shared - {name for name, _ in module.named_parameters()})
            yield Finding("shared parameters exist", not unknown, ", ".join(unknown))
        with torch.no_grad():
            metrics = self.problem.metrics(module, batch)
        wrong = [name for name, value in metrics.items() if value.ndim or not value.isfinite()]
        yield Finding("metrics are finite numbers", not wrong, ", ".join(wrong))


def _samples(parts: Samples) -> set[bytes]:
    """Return the bytes of every sample's inputs, the first tensor of a split."""
    return {row.tobytes() for row in parts[0].numpy()}
