"""Numbers that judge a point set, computed by pymoo, guarded against every hostile input."""

from paretomtl.indicators.batched import batched_hypervolume as batched_hypervolume
from paretomtl.indicators.catalogue import indicator as indicator
from paretomtl.indicators.catalogue import indicators as indicators
from paretomtl.indicators.definition import Indicator as Indicator
from paretomtl.indicators.definition import PointSet as PointSet
from paretomtl.indicators.distance import epsilon as epsilon
from paretomtl.indicators.distance import gd as gd
from paretomtl.indicators.distance import gd_plus as gd_plus
from paretomtl.indicators.distance import igd as igd
from paretomtl.indicators.distance import igd_plus as igd_plus
from paretomtl.indicators.domination import nondominated as nondominated
from paretomtl.indicators.judge import AboveSupremum as AboveSupremum
from paretomtl.indicators.judge import Judge as Judge
from paretomtl.indicators.judge import score as score
from paretomtl.indicators.volume import (
    approximate_hypervolume as approximate_hypervolume,
)
from paretomtl.indicators.volume import hypervolume as hypervolume
