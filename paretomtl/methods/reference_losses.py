"""The earlier place of `paretomtl.losses.reference`."""

from paretomtl.losses.reference import class_prior_loss as class_prior_loss
from paretomtl.losses.reference import regression_prior_loss as regression_prior_loss
from paretomtl.losses.reference import theoretical_init_loss as theoretical_init_loss
