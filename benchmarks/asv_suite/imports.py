"""How long a person waits before anything happens."""


def timeraw_import() -> str:
    """`import paretomtl`: nothing heavy is loaded before it is used."""
    return "import paretomtl"


def timeraw_import_torch() -> str:
    """torch alone: what the first use of a problem or method cannot be faster than."""
    return "import torch"


def timeraw_first_method() -> str:
    """The first method found: torch, and the import of every method."""
    return "import paretomtl as pm; pm.method('linear')"


for _benchmark in (timeraw_import, timeraw_import_torch, timeraw_first_method):
    _benchmark.number = 1
    _benchmark.repeat = 5
    _benchmark.version = "1"
