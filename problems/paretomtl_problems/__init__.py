"""The problems that come with paretomtl; they enter by the entry point that third parties use.

Every module below this package is imported, and importing registers: a new problem is a new file.
"""

from importlib import import_module
from pkgutil import walk_packages

# A module is imported before the walk goes below it: what fails raises its own error, whereas
# `walk_packages` by itself passes over a package that cannot be imported.
for _found in walk_packages(__path__, f"{__name__}."):
    import_module(_found.name)
