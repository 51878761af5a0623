"""Print a suite of one run a method, for every method that is registered: no list is kept by hand.

Before a change of the code, and after it:

    python benchmarks/same_numbers/one_run_a_method.py 2 > one-run-a-method.toml
    paretomtl run one-run-a-method.toml --store before
    ...
    paretomtl run one-run-a-method.toml --store after
    python benchmarks/same_numbers/compare_stores.py before after

With 2 objectives the suite goes over two formulas and a network on real digits, with 3 over dtlz2, for the methods
that need three.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from paretomtl.methods import SetMethod, methods

PREFERENCE = {2: [0.3, 0.7], 3: [0.2, 0.3, 0.5]}  # inside the simplex and not uniform
MEMBERS = {
    2: [[0.2, 0.8], [0.5, 0.5], [0.8, 0.2]],
    3: [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]],
}
NETWORK = """
[[problems]]
name = "multi_digits"
options = { width = 4 }
optimizer = { name = "sgd", lr = 0.05, momentum = 0.9 }
budget = { steps = 20 }
"""
PROBLEMS = {
    2: '[[problems]]\nname = "vlmop2"\n\n[[problems]]\nname = "zdt1"\n'
    f'optimizer = {{ schedule = "cosine" }}\n{NETWORK}',
    3: '[[problems]]\nname = "dtlz2"\noptions = { n_objectives = 3 }\n',
}


def entries(m: int) -> Iterator[str]:
    """Yield one line of TOML for each method that is defined for m objectives."""
    for name, cls in methods.items():
        if methods.create(name, **cls.example).least_tasks > m:
            continue
        fields = [f'name = "{name}"']
        if cls.example:  # the options that have no default
            options = ", ".join(f"{k} = {json.dumps(v)}" for k, v in cls.example.items())
            fields.append(f"options = {{ {options} }}")
        if issubclass(cls, SetMethod):  # a set moves together, so it needs several members
            fields.append(f"preferences = {MEMBERS[m]}")
        yield f"{{ {', '.join(fields)} }}"


def suite(m: int) -> str:
    """Return the suite for m objectives as TOML."""
    head = {
        "name": f"one-run-a-method-{m}",
        "description": "Every registered method in a few steps.",
        "preferences": [PREFERENCE[m]],
        "seeds": 1,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in head.items()]
    lines += ["budget = { steps = 60 }", 'optimizer = { name = "adam", lr = 0.02 }', "methods = ["]
    lines += [f"    {entry}," for entry in entries(m)]
    return "\n".join([*lines, "]", "", PROBLEMS[m]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("objectives", type=int, choices=(2, 3))
    print(suite(parser.parse_args().objectives))
