"""What every test shares: one thread, a chosen device, reproducible Hypothesis examples."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# Before anything imports torch: parallel test workers would otherwise fight over the cores, and sums
# split over threads are not the same to the last bit on another machine.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.setdefault("MPLBACKEND", "agg")

# A shell without job control starts background commands deaf to Ctrl-C, and children inherit that:
# tests that press it would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    import torch

ROOT = Path(__file__).parents[1]

# Examples take as long as the machine is loaded: a deadline would measure the neighbors, not the code.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device", default="cpu", help="where tensors of device tests live: cpu (default) or cuda"
    )


def pytest_configure(config: pytest.Config) -> None:
    device = config.getoption("--device")
    if device.split(":")[0] not in ("cpu", "cuda"):
        raise pytest.UsageError(f"--device must be cpu or cuda; found {device!r}.")
    if device != "cpu" and not _cuda():
        raise pytest.UsageError(f"--device {device}: torch finds no such device on this machine.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine has no device or no compiler for."""
    absent = {}
    if config.getoption("--device") == "cpu":
        absent["gpu"] = "needs a GPU: run with --device cuda"
    if not any(
        map(shutil.which, filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++", "cl")))
    ):
        absent["compiler"] = "needs a C++ compiler, which torch.compile calls"
    for item in items:
        for marker, reason in absent.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def _cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    """The device that `--device` names."""
    import torch

    return torch.device(request.config.getoption("--device"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Undo whatever a test before did to the number of threads."""
    if "torch" in sys.modules:
        import torch

        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
