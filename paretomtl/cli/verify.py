"""`paretomtl verify`: do the records of a store still come out of the code?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paretomtl.cli.output import PLAIN, Output
from paretomtl.errors import BadInput

NOT_MET = 4
COLUMNS = {
    "key": "run",
    "problem": "problem",
    "method": "method",
    "seed": "seed",
    "agrees": "agrees",
    "equal": "to the bit",
    "difference": "difference",
    "worst": "largest in",
}


def verify_command(
    store: Path,
    *,
    sample: int = 10,
    seed: int = 0,
    device: str = "auto",
    tolerance: float = 1e-6,
    output: Output = PLAIN,
) -> int:
    """Run random records of a store again and compare all that their specs determine.

    Args:
        store: The store.
        sample: How many records to draw; all when there are fewer.
        seed: Of the draw.
        device: Where to run: auto, cpu, cuda or cuda:1.
        tolerance: Largest relative difference that still agrees: other machines round otherwise.
        output: How to print.
    """
    from paretomtl.engine import Compute
    from paretomtl.executors import verify
    from paretomtl.records.store import open_store

    if tolerance < 0:
        raise BadInput(f"--tolerance must be >= 0; found {tolerance:g}.")
    compute = Compute(device=device)
    _ = compute.resolved
    frame = verify(open_store(store), sample, seed, compute=compute)
    rows: list[dict[str, Any]] = [*frame.to_dict("records")]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportAssignmentType]
    for row in rows:
        row["difference"] = float(row["difference"])
        row["agrees"] = row["difference"] <= tolerance
    wrong = [row for row in rows if not row["agrees"]]
    output.table(rows, COLUMNS)
    if output.json:
        output.result({"store": str(store), "runs": rows, "agree": len(rows) - len(wrong)})
    same = sum(bool(row["equal"]) for row in rows)
    output.say(
        "", f"{len(rows) - len(wrong)} of {len(rows)} runs agree, {same} of them to the bit."
    )
    return NOT_MET if wrong else 0
