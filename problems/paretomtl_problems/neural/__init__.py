"""Networks with several losses."""

from paretomtl_problems.neural import multi_digits as multi_digits
