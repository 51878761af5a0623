"""A suite that cannot run is refused by `--dry-run` in the words of `run` itself, and nothing is written."""

import re

import pytest
import torch

METHODS = 'methods = ["linear", "tchebycheff"]'
PROBLEMS = 'problems = ["vlmop2", { name = "zdt1", options = { n_variables = 5 } }]'
DIGITS = 'problems = [{ name = "multi_digits", options = { width = 4 } }]'
STEPS = "budget = { steps = 20 }"
ADAM = 'optimizer = { name = "adam", lr = 0.05 }'
COSINE = 'optimizer = { name = "adam", lr = 0.05, schedule = "cosine" }'
CAUTIOUS = 'optimizer = { name = "adam", conflict = { threshold = 0.5 } }'


def setting(line):
    return (STEPS, f"{STEPS}\n{line}")


def without_figures(text):
    """Bytes are measured, and differ a little from one measurement to the next."""
    return re.sub(r"at least [\d,]+ are", "at least so many are", text)


CASES = {
    "level": ([setting('level = "representation"')], [], "states which submodule its heads read"),
    "cosine": (
        [(STEPS, "budget = { seconds = 1 }"), (ADAM, COSINE)],
        [],
        "a cosine schedule needs",
    ),
    "passes": (
        [(STEPS, "budget = { passes = 1 }"), (METHODS, 'methods = ["mgda"]')],
        [],
        "2 backward",
    ),
    "conflict": ([(ADAM, CAUTIOUS)], [], "conflict-aware learning rate needs"),
    "precision": ([setting('precision = "bfloat16"')], [], "is for networks"),
    "tasks": ([(METHODS, 'methods = ["krum"]')], [], "at least 3 tasks"),
    "gradients": ([(PROBLEMS, 'problems = ["zdt5"]')], [], "not differentiable"),
    "signs": (
        [(PROBLEMS, 'problems = ["cagrad_toy"]'), (METHODS, 'methods = ["geometric_mean"]')],
        [],
        "needs positive losses",
    ),
    "two minibatches": (
        [(PROBLEMS, DIGITS), (METHODS, 'methods = ["modo"]'), setting('level = "representation"')],
        [],
        "gradients of two minibatches",
    ),
    "preferences": (
        [("preferences = 3", "preferences = [[0.5, 0.5, 0.0]]")],
        [],
        "2 objectives need 2",
    ),
    "simplex": ([("preferences = 3", "preferences = [[0.5, 0.500005]]")], [], "not to 1"),
    "seeds": ([("seeds = 2", "seeds = [-1]")], [], "a seed must be between"),
    "batch": ([(PROBLEMS, DIGITS), setting("batch_size = 99999")], [], "training samples"),
    "tf32": ([(PROBLEMS, DIGITS), setting('precision = "tf32"')], [], "NVIDIA"),
    "memory": ([], ["--memory", "10"], "a memory limit of 10 bytes is too small"),
    "memory of networks": ([(PROBLEMS, DIGITS)], ["--memory", "1kB"], "a memory limit of 1,000"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_dry_run_refuses_in_the_words_of_the_run(cli, suite, case):
    changes, options, words = case
    if torch.cuda.is_available() and words == "NVIDIA":
        pytest.skip("there is a GPU")
    path = suite(*changes)
    run = cli("run", path, *options)
    dry = cli("run", path, *options, "--dry-run")
    assert words in run.err
    assert without_figures(dry.err) == without_figures(run.err)
    assert dry.code == run.code == 2
    assert not (path.parent / "runs").exists()
