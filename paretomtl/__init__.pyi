"""The public names, listed once: type checkers read them here, and `__init__.py` loads them from here."""

from paretomtl.front import Front as Front
from paretomtl.front import trace as trace
from paretomtl.indicators import epsilon as epsilon
from paretomtl.indicators import gd as gd
from paretomtl.indicators import gd_plus as gd_plus
from paretomtl.indicators import hypervolume as hypervolume
from paretomtl.indicators import igd as igd
from paretomtl.indicators import igd_plus as igd_plus
from paretomtl.indicators import nondominated as nondominated
from paretomtl.methods.base import method as method
from paretomtl.methods.base import methods as methods
from paretomtl.methods.call import aggregate as aggregate
from paretomtl.methods.call import scalarize as scalarize
from paretomtl.methods.call import weights as weights
from paretomtl.problems.base import problem as problem
from paretomtl.problems.base import problems as problems
from paretomtl.records.store import open_store as open_store
from paretomtl.sweep.preferences import preferences as preferences
from paretomtl.sweep.settings import Budget as Budget
from paretomtl.sweep.settings import Optimizer as Optimizer
from paretomtl.sweep.settings import Stop as Stop

__version__: str
