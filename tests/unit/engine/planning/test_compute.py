"""How lanes are computed is stated in words that mean something, and leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from paretomtl.engine.planning.compute import Compute
from paretomtl.errors import BadInput


@pytest.mark.parametrize("memory", [0, -1, "six", "GB", "1e", float("nan"), True])
def test_a_limit_that_is_no_size_is_refused(memory: Any) -> None:
    with pytest.raises(BadInput, match="must be a size such as '6 GB'"):
        Compute(memory=memory)


def test_settings_of_torch_are_put_back() -> None:
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with Compute(device="cpu", deterministic=True).applied():
            assert torch.get_num_threads() == 1
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
