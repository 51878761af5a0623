"""The problems that come with paretomtl; they enter by the entry point that third parties use."""

from paretomtl_problems import analytic as analytic
from paretomtl_problems import neural as neural
