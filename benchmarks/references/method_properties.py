"""Measure the properties of every registered method and write them where `paretomtl show` reads them.

Usage: python benchmarks/references/method_properties.py [METHOD ...] [--check]

With names, only those are measured again. With --check nothing is written: exit code 1 and the
differences if the file is not what is measured now. Takes about a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from paretomtl.methods.base import methods
from paretomtl.testing.properties import measure

FILE = Path(__file__).parents[2] / "paretomtl" / "methods" / "properties.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="METHOD")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    table = {name: kept[name] for name in methods if name in kept}
    changes = sorted(set(kept) - set(table))
    for name in arguments.names or methods:
        found = measure(methods.create(name, **methods[name].example))
        print(f"{name:24}", " ".join("yes" if has else " - " for has in found.values()), flush=True)
        changes += [f"{name}: {p}" for p in found if found[p] != kept.get(name, {}).get(p)]
        table[name] = found
    if arguments.check:
        print(*changes, sep="\n")
        return bool(changes)
    FILE.write_text(json.dumps(dict(sorted(table.items())), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
