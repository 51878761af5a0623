"""The command line; the only room that knows the CLI library and rich.

Commands are plain functions, one module each, loaded when they are called: `paretomtl --help` does not
wait for torch. A command returns its exit code, or None for success:

| code | meaning |
|---|---|
| 0 | done |
| 1 | internal error |
| 2 | bad usage or bad input: a message, no traceback unless `--debug` |
| 3 | some runs failed or diverged |
| 4 | a check was not met |
| 5 | nothing selected |
| 130 | interrupted; what is finished is kept |
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import paretomtl
from paretomtl.cli.output import PLAIN
from paretomtl.errors import ParetomtlError

COMMANDS = {
    "run": "Run a suite; only what its store does not hold yet.",
    "report": "Build the HTML report of a store.",
    "list": "List problems, methods, indicators or suites.",
    "show": "Show what is known of a problem, method, indicator or suite.",
    "select": "Choose the value of an option, such as gamma, on validation data.",
    "score": "Score a file of points by every indicator.",
    "status": "Show what a suite has done and what would run, and why.",
    "verify": "Run random records of a store again and compare.",
    "check": "Test a problem or method, ours or yours, against its contract.",
    "doctor": "Show versions, devices, extras and what is broken.",
}
"""Command -> its line in the help; each is the function of that name in the module of that name."""

app = App(
    name="paretomtl",
    help="Benchmark multi-task and multi-objective gradient methods.",
    version=paretomtl.__version__,
)
for _name, _help in COMMANDS.items():
    _module = {"list": "listing"}.get(_name, _name)
    app.command(f"paretomtl.cli.{_module}:{_name}_command", name=_name, help=_help)


def main() -> None:
    """Run the command line of this process and exit with its code."""
    # Read when torch is loaded. Its threads spin by default while they wait for each other: beside
    # other work on the machine two threads then took 5 to 9 times the processor time of one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(call(sys.argv[1:]))


def call(tokens: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    debug = "--debug" in tokens
    try:
        command, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
        bound.arguments.get("output", PLAIN).configure_logging()
        return command(*bound.args, **bound.kwargs) or 0
    except (CycloptsError, ParetomtlError) as error:
        return _fail(2, str(error), debug=debug)
    except KeyboardInterrupt:
        return _fail(130, "interrupted.", debug=debug)
    except BrokenPipeError:  # the reader of the output, such as `head`, has ended
        sys.stdout = None
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets a line, not a traceback
        kind = type(error).__name__
        return _fail(1, f"internal error: {kind}: {error} (--debug shows where)", debug=debug)


def _fail(code: int, message: str, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"paretomtl: {message}\n")
    return code
