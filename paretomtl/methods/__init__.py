"""Every method, one file a method or a close family; importing this package registers them."""

from paretomtl.methods import grad_normalization as grad_normalization
from paretomtl.methods import mgda as mgda
from paretomtl.methods import pcgrad as pcgrad
