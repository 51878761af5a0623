"""The problems that come with paretomtl; they enter by the entry point that third parties use.

Every module below this package is imported, and importing registers: a new problem is a new file.
"""

from paretomtl.registry import import_below

import_below(__name__)
