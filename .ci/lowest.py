"""Print constraints that pin every run-time dependency to its lower bound, and the tools as usual.

`make lowest` installs paretomtl under them, to see that the stated bounds are honest.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
lowest = {}
for line in [*project["dependencies"], *extras["data"], *extras["report"]]:
    wanted = Requirement(line)
    (bound,) = wanted.specifier
    lowest[canonicalize_name(wanted.name)] = f"{wanted.name}=={bound.version}"
tools = {canonicalize_name(Requirement(line).name) for line in extras["dev"]}
for line in Path("requirements.txt").read_text().splitlines():
    name = canonicalize_name(line.split("==")[0])
    if name in tools and name not in lowest:
        lowest[name] = line
sys.stdout.write("\n".join(lowest.values()) + "\n")
