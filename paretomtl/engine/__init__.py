"""The batched loop: many runs as lanes of one tensor program."""

from paretomtl.engine.device import describe_device as describe_device
from paretomtl.engine.device import resolve_device as resolve_device
from paretomtl.engine.outcome import Outcome as Outcome
from paretomtl.engine.planning.compute import Compute as Compute
from paretomtl.engine.planning.runs import check_data as check_data
from paretomtl.engine.planning.runs import plan_batches as plan_batches
from paretomtl.engine.planning.runs import run_batch as run_batch
from paretomtl.engine.run import Progress as Progress
