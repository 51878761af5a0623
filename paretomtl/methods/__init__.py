"""Methods: what their authors need, and the registry of all methods.

A method derives from the kind that says what it reads, `Scalarization`, `Weighting` (or `GramianWeighting`),
`Aggregator` or `SetMethod`, states its `Card`, and enters by `@methods.register(name)`. Ours lie below, in the
room of their kind, one file a method or a close family; they are imported on the first lookup.
"""

from paretomtl.methods.base import (
    Aggregator,
    Card,
    LaneShapes,
    Method,
    Scalarization,
    SetMethod,
    Signals,
    State,
    Weighting,
    by_options,
    lane_option,
    method,
    methods,
    task_option,
    unit_sum,
)
from paretomtl.methods.gramian import (
    GramianWeighting,
    cross_gramian_of,
    gramian_of,
    keep_bad_lanes,
)
from paretomtl.methods.jacobian import combine, jacobian_of
from paretomtl.methods.option_values import check_option, choose, count, lane, per_task
from paretomtl.methods.signals import coefficients, emphasize, keys_of, losses_of
from paretomtl.registry import make_registry_package

__all__ = [
    "Aggregator",
    "Card",
    "GramianWeighting",
    "LaneShapes",
    "Method",
    "Scalarization",
    "SetMethod",
    "Signals",
    "State",
    "Weighting",
    "by_options",
    "check_option",
    "choose",
    "coefficients",
    "combine",
    "count",
    "cross_gramian_of",
    "emphasize",
    "gramian_of",
    "jacobian_of",
    "keep_bad_lanes",
    "keys_of",
    "lane",
    "lane_option",
    "losses_of",
    "method",
    "methods",
    "per_task",
    "task_option",
    "unit_sum",
]

make_registry_package(__name__, methods)
