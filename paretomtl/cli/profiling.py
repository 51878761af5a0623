"""`paretomtl run --profile`: where the time of each kind of step goes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paretomtl.cli.output import Output
from paretomtl.errors import BadInput, StoreError, Unfit

if TYPE_CHECKING:
    from paretomtl.engine import Compute
    from paretomtl.sweep.spec import RunSpec

COLUMNS = {
    "problem": "problem",
    "reads": "methods read",
    "lanes": "lanes",
    "part": "part",
    "milliseconds": "ms",
    "share": "share",
}


def profile_steps(
    output: Output, specs: Sequence[RunSpec], compute: Compute, folder: Path
) -> list[dict[str, Any]]:
    """Profile one batch of each problem and kind of method; write traces and a table, and print it.

    The largest batch represents its kind. `folder` gets one trace a kind, for
    chrome://tracing or Perfetto, and `steps.csv`. A kind that cannot be run is left out with a message.

    Raises:
        StoreError: The folder cannot be made.
    """
    from paretomtl.engine.planning.runs import lane_of, plan_batches, resolve
    from paretomtl.engine.profile import profile_step
    from paretomtl.methods.reads import Reads

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the profile cannot be written to {folder}: {error.strerror}; move what is there away, or "
            "choose another store."
        ) from error
    kinds: dict[tuple[str, str], list[RunSpec]] = {}
    for batch in plan_batches(specs, compute=compute):
        kind = (batch[0].problem.label, Reads.of(resolve(batch[0])[1]).value)
        if len(batch) > len(kinds.get(kind, [])):
            kinds[kind] = batch
    rows: list[dict[str, Any]] = []
    for number, ((problem, reads), batch) in enumerate(kinds.items()):
        try:
            parts = profile_step(
                resolve(batch[0])[0],
                [lane_of(spec, resolve(spec)[1]) for spec in batch],
                batch[0].settings,
                compute=compute,
                trace=folder / f"{number:02d}-{_file_name(problem)}-{reads}.json",
            )
        except Exception as error:
            if isinstance(error, BadInput) and not isinstance(error, Unfit):
                raise
            output.say(f"{problem}, methods that read the {reads}: not profiled: {error}")
            continue
        rows += [
            {
                "problem": problem,
                "reads": reads,
                "lanes": len(batch),
                "part": part.name,
                "milliseconds": round(1e3 * part.seconds, 4),
                "share": round(part.share, 4),
            }
            for part in parts
        ]
    with (folder / "steps.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    output.table(rows, COLUMNS, title="Where a step's time goes")
    output.say(f"Profile: {folder} (steps.csv, and traces for chrome://tracing or Perfetto)")
    return rows


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in label).strip("-")
