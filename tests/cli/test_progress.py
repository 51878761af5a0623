"""How far a run is: lines where there is no terminal."""

import pytest

from paretomtl.cli.progress import duration, pace
from paretomtl.executors import ExecutionProgress


def test_lines_stand_in_for_the_bar_where_there_is_no_terminal(cli, suite, monkeypatch):
    monkeypatch.setattr("paretomtl.cli.progress.LINE_EVERY", 0.0)
    answer = cli("run", suite())
    lines = [line for line in answer.out.splitlines() if "steps/s" in line]
    assert lines
    assert lines[-1].startswith("24/24 runs done")
    assert "left" in lines[-1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90_061, "25 h 1 min"),
    ],
)
def test_a_time_span_in_words(seconds, words):
    assert duration(seconds) == words


def test_the_pace_names_the_time_left_where_it_is_known():
    def progress(left):
        return ExecutionProgress(
            done=1, total=4, reused=0, fraction=0.25, steps=5000, seconds=2.0, seconds_left=left
        )

    assert pace(progress(None)) == "2,500 steps/s"
    assert pace(progress(75.0)) == "2,500 steps/s, 1 min 15 s left"
