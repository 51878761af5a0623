"""Every method, one file a method or a close family; importing this package registers them."""

from paretomtl.methods import boundary_intersection as boundary_intersection
from paretomtl.methods import cagrad as cagrad
from paretomtl.methods import compromise as compromise
from paretomtl.methods import epsilon_constraint as epsilon_constraint
from paretomtl.methods import fairgrad as fairgrad
from paretomtl.methods import famo as famo
from paretomtl.methods import go4align as go4align
from paretomtl.methods import grad_normalization as grad_normalization
from paretomtl.methods import hv_scalarization as hv_scalarization
from paretomtl.methods import linear as linear
from paretomtl.methods import loss_normalization as loss_normalization
from paretomtl.methods import loss_statistics as loss_statistics
from paretomtl.methods import mgda as mgda
from paretomtl.methods import pcgrad as pcgrad
from paretomtl.methods import power_mean as power_mean
from paretomtl.methods import rlw as rlw
from paretomtl.methods import smooth_tchebycheff as smooth_tchebycheff
from paretomtl.methods import tchebycheff as tchebycheff
from paretomtl.methods import term as term
from paretomtl.methods import uncertainty as uncertainty
from paretomtl.methods import upgrad as upgrad
