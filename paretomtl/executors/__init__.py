"""Where runs go: in this process, in local processes, on a Ray cluster."""

from __future__ import annotations

from paretomtl.executors.base import Executor as Executor
from paretomtl.executors.base import executor as executor
from paretomtl.executors.base import executors as executors
from paretomtl.executors.execution import execute as execute
from paretomtl.executors.local import Local as Local
from paretomtl.executors.processes import Processes as Processes
from paretomtl.executors.progress import ExecutionProgress as ExecutionProgress
from paretomtl.executors.progress import ExecutionSummary as ExecutionSummary
from paretomtl.executors.ray_cluster import RayCluster as RayCluster
from paretomtl.executors.verification import verify as verify
