"""Every method, one file a method or a close family, in the room of the type that it derives from.

Importing this package finds every module below it, and importing a method's module registers it. So a
new method is one new file; a file that cannot be imported raises its own error here.
"""

import importlib
import pkgutil


def _fail(package: str) -> None:
    """Raise what kept a room from being imported; `walk_packages` would leave the room out."""
    raise  # noqa: PLE0704 - called while the import's error is being handled


for _found in pkgutil.walk_packages(__path__, f"{__name__}.", onerror=_fail):
    importlib.import_module(_found.name)
