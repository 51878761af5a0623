"""Where each line goes under every flag, and values as tables and JSON show them."""

import json
import math

import pytest

from paretomtl.cli.output import Output, plain, shown


@pytest.mark.parametrize(
    ("flags", "out", "err"),
    [
        ({}, "line\nresult\n", ""),
        ({"verbose": True}, "line\nmore\nresult\n", ""),
        ({"quiet": True}, "result\n", ""),
        ({"json": True}, "5\n", "line\n"),
        ({"json": True, "quiet": True}, "5\n", ""),
    ],
)
def test_where_lines_go(capsys, flags, out, err):
    output = Output(**flags)
    output.say("line")
    output.detail("more")
    output.table([], {}) if output.json else None
    output.result(5, "result")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (out, err)


def test_a_table_for_people_alone(capsys):
    rows = [{"a": 1.5, "b": None}, {"a": 10.0, "b": [True, "x"]}]
    Output().table(rows, {"a": "number", "b": "list"})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["number", "list"], ["1.5"], ["10", "yes,", "x"]]
    Output(json=True).table(rows, {"a": "number"})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (0.1 + 0.2, "0.3"), (1e-9, "1e-09"), (7, "7")],
)
def test_values_in_tables(value, text):
    assert shown(value) == text


def test_values_in_json():
    data = {1: (math.nan, math.inf, -math.inf), "x": {"y": object}}
    found = plain(data)
    assert found["1"] == [None, "inf", "-inf"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
